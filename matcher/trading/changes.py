"""The smallest change that would let two orders trade which one rule keeps apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np

from matcher.clearing import Demands, Lots, Terms
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import RULES
from matcher.figures import number

Keys = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Change:
    """One field of the lot or of the demand, what it is now, and what it would have to be.

    `by` says how much that is, in words of both languages. Quantities of the fields are those of a post.
    """

    side: Literal["lot", "demand"]
    field: str
    now: int | str | list[str] | None
    needed: int | str | list[str]
    vi: str
    en: str


@dataclass(frozen=True)
class Pair:
    """One lot and one demand by themselves, with the terms they were cleared under."""

    lot: Lots
    demand: Demands
    terms: Terms

    @property
    def pairs(self) -> Pairs:
        book = Book(self.lot, self.demand, self.terms, np.zeros((0, 2), np.int64))
        return Pairs(book, np.zeros(1, np.intp), np.zeros(1, np.intp))

    def figure(self, name: str) -> int:
        """A figure of the pair (`road`, `delivery_day`, `age`, `value` …), or a column of either order."""
        for holder in (self.pairs, self.lot, self.demand):
            if hasattr(holder, name):
                return int(getattr(holder, name)[0])
        raise AttributeError(name)

    def with_lot(self, **columns: int) -> "Pair":
        return replace(self, lot=_changed(self.lot, columns))

    def with_demand(self, **columns: int) -> "Pair":
        return replace(self, demand=_changed(self.demand, columns))

    def keeps_all(self) -> bool:
        """Whether the pair keeps every rule."""
        pairs = self.pairs
        return all(rule(pairs)[0] for rule in RULES.values())


def smallest_change(code: str, pair: Pair, keys: Keys, side: Literal["lot", "demand"]) -> Change | None:
    """What would mend the rule `code`, seen from the owner of `side`; None where nothing simple would.

    A change is only given when the changed pair has been checked to keep every rule.
    """
    propose = _PROPOSALS.get(code)
    proposed = propose(pair, keys, side) if propose else None
    if proposed is None:
        return None
    change, changed = proposed
    return change if changed.keeps_all() else None


Proposal = tuple[Change, Pair] | None
Propose = Callable[[Pair, Keys, Literal["lot", "demand"]], Proposal]


def _price(pair: Pair, _keys: Keys, side: str) -> Proposal:
    if side == "lot":
        ask = pair.figure("ask")
        needed = ask + pair.figure("value")
        if needed < 0:
            return None
        words = f"hạ giá chào {number(ask - needed, 'vi')} đ/kg", f"ask {ask - needed:,} đ/kg less"
        return Change("lot", "ask", ask, needed, *words), pair.with_lot(ask=needed)
    bid = needed = pair.figure("bid")
    # The loss of freshness is a part of the bid, so a higher bid has to cover a little more than the gap.
    while (gap := -pair.with_demand(bid=needed).figure("value")) > 0:
        needed += gap
    words = f"nâng giá mua {number(needed - bid, 'vi')} đ/kg", f"bid {needed - bid:,} đ/kg more"
    return Change("demand", "bid", bid, needed, *words), pair.with_demand(bid=needed)


def _distance(pair: Pair, _keys: Keys, _side: str) -> Proposal:
    limit, needed = pair.figure("max_distance") // 1000, -(-pair.figure("road") // 1000)
    words = f"nhận hàng xa thêm {needed - limit} km", f"accept {needed - limit} km more"
    change = Change("demand", "max_distance_km", limit, needed, *words)
    return change, pair.with_demand(max_distance=needed * 1000)


def _grade(pair: Pair, keys: Keys, _side: str) -> Proposal:
    now, needed = (keys["grades"][pair.figure(name)] for name in ("min_grade", "grade"))
    words = f"nhận loại {needed}", f"accept {needed}"
    return Change("demand", "min_grade", now, needed, *words), pair.with_demand(
        min_grade=pair.figure("grade")
    )


def _variety(pair: Pair, keys: Keys, _side: str) -> Proposal:
    variety, wanted = pair.figure("variety"), pair.figure("varieties")
    now = [key for bit, key in enumerate(keys["varieties"], 1) if wanted >> bit & 1]
    if variety == 0:
        change = Change("lot", "variety", None, now, "ghi rõ giống", "say which variety it is")
        return change, pair.with_lot(variety=(wanted & -wanted).bit_length() - 1)
    needed = keys["varieties"][variety - 1]
    words = f"nhận thêm giống {needed}", f"accept {needed} too"
    change = Change("demand", "varieties", now, [*now, needed], *words)
    return change, pair.with_demand(varieties=wanted | 1 << variety)


def _ocop(pair: Pair, _keys: Keys, _side: str) -> Proposal:
    now, needed = pair.figure("min_ocop_stars"), pair.figure("ocop_stars")
    words = f"nhận {needed} sao OCOP", f"accept {needed} OCOP stars"
    return Change("demand", "min_ocop_stars", now, needed, *words), pair.with_demand(min_ocop_stars=needed)


def _window(pair: Pair, _keys: Keys, _side: str) -> Proposal:
    now, needed = pair.figure("deliver_until"), pair.figure("delivery_day")
    words = f"nhận muộn thêm {needed - now} ngày", f"accept delivery {needed - now} days later"
    change = Change("demand", "deliver_until", _iso(now), _iso(needed), *words)
    return change, pair.with_demand(deliver_until=needed)


def _freshness(pair: Pair, _keys: Keys, _side: str) -> Proposal:
    now, needed = pair.figure("min_shelf_life"), pair.figure("shelf_life") - pair.figure("age")
    if needed < 0:
        return None
    words = f"nhận hàng còn tươi {needed} ngày", f"accept {needed} days of shelf life left"
    change = Change("demand", "min_shelf_life_days", now, needed, *words)
    return change, pair.with_demand(min_shelf_life=needed)


def _certificate(pair: Pair, keys: Keys, _side: str) -> Proposal:
    missing = pair.figure("certificates_required") & ~pair.figure("held")
    if missing.bit_count() != 1:
        return None
    scheme, day = missing.bit_length() - 1, pair.figure("delivery_day")
    lot = pair.lot
    ends = [int(lot.certificate_until[k]) for k in np.flatnonzero(lot.certificate_scheme == scheme)]
    until = max((end for end in ends if end < day), default=None)
    name = keys["schemes"][scheme]
    if until is None:
        words = (
            f"chứng nhận {name} còn hiệu lực ngày {_iso(day)}",
            f"a {name} certificate valid on {_iso(day)}",
        )
    else:
        words = (
            f"chứng nhận {name} hết hạn {day - until} ngày trước ngày giao",
            f"the {name} certificate ends {day - until} days before delivery",
        )
    now = None if until is None else _iso(until)
    change = Change("lot", f"certificates.{name}.valid_until", now, _iso(day), *words)
    columns: dict[str, Any] = {
        "certificate_lot": [*lot.certificate_lot, 0], "certificate_scheme": [*lot.certificate_scheme, scheme],
        "certificate_from": [*lot.certificate_from, day], "certificate_until": [*lot.certificate_until, day],
    }  # fmt: skip
    return change, replace(pair, lot=replace(lot, **columns))


def _gate(pair: Pair, _keys: Keys, _side: str) -> Proposal:
    if pair.figure("growing_area"):
        return None
    words = "khai mã số vùng trồng", "give the growing area code"
    return Change("lot", "growing_area_code", None, "PUC", *words), pair.with_lot(growing_area=1)


_PROPOSALS: dict[str, Propose] = {
    "price": _price,
    "distance": _distance,
    "grade": _grade,
    "variety": _variety,
    "ocop": _ocop,
    "window": _window,
    "freshness": _freshness,
    "certificate": _certificate,
    "gate": _gate,
}


def _changed(table: Any, columns: Mapping[str, int]) -> Any:
    return replace(table, **{name: np.array([value]) for name, value in columns.items()})


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()

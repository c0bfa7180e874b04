"""The smallest change that would let two orders trade which one rule keeps apart."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from matcher.figures import day
from matcher.trading.explain.change import Change, Pair, Side, price_change
from matcher.trading.explain.minimum_changes import minimum_changes
from matcher.trading.explain.vocabulary import Vocabulary


def smallest_change(code: str, pair: Pair, vocabulary: Vocabulary, side: Side) -> Change | None:
    """What would mend the reason `code`, seen from the owner of `side`; None where nothing simple would.

    A change is only given when nothing has been found to keep the changed pair apart.
    """
    if code == "minimum":
        proposed: Iterable[Proposal] = minimum_changes(pair, side)
    else:
        propose = _PROPOSALS.get(code)
        proposal = propose(pair, vocabulary, side) if propose else None
        proposed = [] if proposal is None else [proposal]
    return next((change for change, changed in proposed if changed.keeps_all()), None)


Proposal = tuple[Change, Pair]
Propose = Callable[[Pair, Vocabulary, Side], Proposal | None]


def _price(pair: Pair, _vocabulary: Vocabulary, side: Side) -> Proposal | None:
    if side == "lot":
        ask = pair.figure("ask")
        needed = ask + pair.figure("value")
        if needed < 0:
            return None
        return price_change("lot", ask, needed), pair.with_lot(ask=needed)
    bid = needed = pair.figure("bid")
    # The loss of freshness is a part of the bid, so a higher bid has to cover a little more than the gap.
    while (gap := -pair.with_demand(bid=needed).figure("value")) > 0:
        needed += gap
    return price_change("demand", bid, needed), pair.with_demand(bid=needed)


def _distance(pair: Pair, _vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    limit, needed = pair.figure("max_distance") // 1000, -(-pair.figure("road") // 1000)
    words = f"nhận hàng xa thêm {needed - limit} km", f"accept {needed - limit} km more"
    change = Change("demand", "max_distance_km", limit, needed, *words)
    return change, pair.with_demand(max_distance=needed * 1000)


def _grade(pair: Pair, vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    now, needed = (vocabulary.keys["grades"][pair.figure(name)] for name in ("min_grade", "grade"))
    name = vocabulary.name("grades", needed)
    words = f"nhận {name.vi}", f"accept {name.en}"
    return Change("demand", "min_grade", now, needed, *words), pair.with_demand(
        min_grade=pair.figure("grade")
    )


def _variety(pair: Pair, vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    variety, wanted = pair.figure("variety"), pair.figure("varieties")
    varieties = vocabulary.keys["varieties"]
    now = [key for bit, key in enumerate(varieties, 1) if wanted >> bit & 1]
    if variety == 0:
        names = [vocabulary.name("varieties", key) for key in now]
        words = (
            f"ghi rõ giống: {' hoặc '.join(name.vi for name in names)}",
            f"say that it is {' or '.join(name.en for name in names)}",
        )
        change = Change("lot", "variety", None, now[0], *words)
        return change, pair.with_lot(variety=(wanted & -wanted).bit_length() - 1)
    needed = varieties[variety - 1]
    name = vocabulary.name("varieties", needed)
    words = f"nhận thêm giống {name.vi}", f"accept {name.en} too"
    change = Change("demand", "varieties", now, [*now, needed], *words)
    return change, pair.with_demand(varieties=wanted | 1 << variety)


def _ocop(pair: Pair, _vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    now, needed = pair.figure("min_ocop_stars"), pair.figure("ocop_stars")
    words = f"nhận {needed} sao OCOP", f"accept {_count(needed, 'OCOP star')}"
    if needed == 0:
        words = "không đòi sao OCOP", "ask for no OCOP stars"
    return Change("demand", "min_ocop_stars", now, needed or None, *words), pair.with_demand(
        min_ocop_stars=needed
    )


def _window(pair: Pair, _vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    now, needed = pair.figure("deliver_until"), pair.figure("delivery_day")
    words = f"nhận muộn thêm {needed - now} ngày", f"accept delivery {_count(needed - now, 'day')} later"
    change = Change("demand", "deliver_until", _iso(now), _iso(needed), *words)
    return change, pair.with_demand(deliver_until=needed)


def _freshness(pair: Pair, _vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    now, needed = pair.figure("min_shelf_life"), pair.figure("shelf_life") - pair.figure("age")
    if needed < 0:
        return None
    words = f"nhận hàng còn tươi {needed} ngày", f"accept {_count(needed, 'day')} of shelf life left"
    change = Change("demand", "min_shelf_life_days", now, needed, *words)
    return change, pair.with_demand(min_shelf_life=needed)


def _certificate(pair: Pair, vocabulary: Vocabulary, _side: Side) -> Proposal | None:
    held, missing = pair.figure("held"), pair.figure("certificates_required") & ~pair.figure("held")
    schemes, delivery = _bits(missing), pair.figure("delivery_day")
    changed = _certified(pair, schemes, delivery)
    ended = _last_day(pair, schemes[0], delivery) if len(schemes) == 1 else None
    names = [vocabulary.name("schemes", vocabulary.keys["schemes"][scheme]) for scheme in schemes]
    vi, en = " và ".join(name.vi for name in names), " and ".join(name.en for name in names)
    if ended is None:
        on = _iso(delivery)
        words = f"chứng nhận {vi} còn hiệu lực ngày {day(on, 'vi')}", f"hold {en}, valid on {day(on, 'en')}"
        keys = vocabulary.keys["schemes"]
        now, needed = ([keys[scheme] for scheme in _bits(which)] for which in (held, held | missing))
        return Change("lot", "certificates", now, needed, *words), changed
    days = delivery - ended
    words = (
        f"chứng nhận {vi} hết hạn {days} ngày trước ngày giao",
        f"the {en} certificate ends {_count(days, 'day')} before delivery",
    )
    field = f"certificates.{vocabulary.keys['schemes'][schemes[0]]}.valid_until"
    return Change("lot", field, _iso(ended), _iso(delivery), *words), changed


def _last_day(pair: Pair, scheme: int, before: int) -> int | None:
    """On which a certificate of the lot ended that is no longer valid; None: it holds none such."""
    lot = pair.lot
    ends = [int(lot.certificate_until[k]) for k in np.flatnonzero(lot.certificate_scheme == scheme)]
    return max((end for end in ends if end < before), default=None)


def _certified(pair: Pair, schemes: list[int], on: int) -> Pair:
    """The lot with certificates of these schemes, valid on that day."""
    lot, more = pair.lot, len(schemes)
    columns: dict[str, Any] = {
        "certificate_lot": [*lot.certificate_lot, *[0] * more],
        "certificate_scheme": [*lot.certificate_scheme, *schemes],
        "certificate_from": [*lot.certificate_from, *[on] * more],
        "certificate_until": [*lot.certificate_until, *[on] * more],
    }
    return replace(pair, lot=replace(lot, **columns))


def _gate(pair: Pair, _vocabulary: Vocabulary, _side: Side) -> Proposal | None:
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


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()

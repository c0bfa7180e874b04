"""Why an order was matched, and why not: told from the stored input of the clearing that decided it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.book.demands import MOST_SELLERS
from matcher.catalogue import Catalogue
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.terms.minimum import least
from matcher.fields import kilograms, kilometres
from matcher.store.tables import Clearing, Demand, Lot
from matcher.trading.explain.change import Change, Pair, Side
from matcher.trading.explain.changes import smallest_change
from matcher.trading.explain.explanation import ChangeView, Explanation, Miss
from matcher.trading.explain.outbid import outbid
from matcher.trading.explain.reasons import REASONS
from matcher.trading.explain.vocabulary import Vocabulary, vocabulary
from matcher.trading.matches import MatchView, matches_of
from matcher.trading.record.chain import last_with
from matcher.trading.record.record import Arrays, Input
from matcher.trading.record.subset import subset

LOOKED_BACK = 20  # clearings of the crop, to find the last one that had an order which is no longer open


def explain(session: Session, order: Lot | Demand, catalogue: Catalogue) -> Explanation:
    """Explains an order from the last clearing that had it in its input."""
    seen = _last_seen(session, order)
    said: dict[str, Any] = {}
    if seen is not None:
        said = _explained(seen, vocabulary(seen.given.keys, catalogue, order.crop))
    partners = list(matches_of(session, order))
    used_up = _sellers_used_up(order, partners)
    if used_up is not None:  # it is in no clearing any more, so nothing else alone would do
        said |= {"misses": [], "outbid": None, "sellers_used_up": ChangeView(**asdict(used_up))}
    return Explanation(
        order_id=order.id,
        remaining_kg=kilograms(order.quantity_g - order.taken_g),
        clearing_id=seen and seen.clearing.id,
        cleared_at=seen and seen.clearing.finished_at,
        partners=partners,
        **said,
    )


def _sellers_used_up(order: Lot | Demand, partners: Sequence[MatchView]) -> Change | None:
    """The change with which one more seller may come, where none may: a higher limit, or else none."""
    if isinstance(order, Lot) or order.max_sellers is None or order.state != "open":
        return None
    sellers = len({match.lot_id for match in partners})
    if sellers < order.max_sellers:
        return None
    if sellers >= MOST_SELLERS:
        words = "bỏ giới hạn số lô của bên bán", "lift the limit of sellers"
        return Change("demand", "max_sellers", order.max_sellers, None, *words)
    words = "nhận thêm một lô của bên bán", "allow one seller more"
    return Change("demand", "max_sellers", order.max_sellers, sellers + 1, *words)


@dataclass(frozen=True)
class _Seen:
    """A clearing with an order in it, at `place` of its side's arrays."""

    order: Lot | Demand
    clearing: Clearing
    given: Input
    result: Arrays
    side: Side
    place: int

    @cached_property
    def pairs(self) -> Pairs:
        """The order with every order of the other side."""
        given = self.given
        book = Book(given.lots, given.demands, given.terms, given.declined.astype(np.int64))
        others = np.arange(len(given.demands) if self.side == "lot" else len(given.lots))
        own = np.full(len(others), self.place)
        return Pairs(book, own, others) if self.side == "lot" else Pairs(book, others, own)

    @cached_property
    def broken(self) -> Mapping[str, NDArray[np.bool_]]:
        """By reason: whether it keeps each pair apart."""
        return {code: ~keeps(self.pairs) for code, keeps in REASONS.items()}

    @cached_property
    def breaks(self) -> NDArray[np.int64]:
        """How many reasons keep each pair apart."""
        count: NDArray[np.int64] = np.sum(list(self.broken.values()), axis=0)
        return count

    def alone(self, code: str) -> NDArray[np.bool_]:
        """Whether this reason alone keeps each pair apart."""
        own: NDArray[np.bool_] = self.broken[code] & (self.breaks == 1)
        return own

    @property
    def quantity(self) -> int:
        """g that were left of the order."""
        given = self.given
        return int((given.lots if self.side == "lot" else given.demands).quantity[self.place])

    def pair(self, other: int) -> Pair:
        lot, demand = (self.place, other) if self.side == "lot" else (other, self.place)
        lots, demands = subset(self.given.lots, [lot]), subset(self.given.demands, [demand])
        return Pair(lots, demands, self.given.terms, self.order.quantity_g - self.quantity)


def _last_seen(session: Session, order: Lot | Demand) -> _Seen | None:
    side: Side = "lot" if isinstance(order, Lot) else "demand"
    chain = func.coalesce(Clearing.base_id, Clearing.id)
    recent = (
        select(chain)
        .where(Clearing.crop == order.crop, Clearing.finished_at >= order.posted_at)
        .where(Clearing.result.is_not(None))
        .distinct()
        .order_by(chain.desc())
        .limit(LOOKED_BACK)
    )
    for base_id in session.scalars(recent).all():
        found = last_with(session, session.get_one(Clearing, base_id), order)
        if found is not None:
            clearing, given, result = found
            ids = given.lot_ids if side == "lot" else given.demand_ids
            return _Seen(order, clearing, given, result, side, ids.index(str(order.id)))
    return None


def _explained(seen: _Seen, words: Vocabulary) -> dict[str, Any]:
    counts = {code: int(broken.sum()) for code, broken in seen.broken.items()}
    alone = {code: int(seen.alone(code).sum()) for code in seen.broken}
    possible = seen.breaks == 0
    # A change of price may also bring together those that the price alone keeps apart.
    near = seen.pairs.select(possible | seen.alone("price")) if possible.any() else None
    outbidden = outbid(seen.given, seen.result, seen.side, seen.place, near)
    prices = seen.result[f"{seen.side}_price"]
    return {
        "considered": len(possible),
        "possible": int(possible.sum()),
        "blocked": {code: count for code, count in counts.items() if count},
        "blocked_only": {code: count for code, count in alone.items() if count},
        "misses": _misses(seen, words),
        "outbid": outbidden.change and ChangeView(**asdict(outbidden.change)),
        "one_more_kg": int(prices[seen.place]),
        "refused_for_minimum": outbidden.minimum
        or seen.place in seen.result[f"refused_{seen.side}s"]
        or _too_little_left(seen),
    }


def _too_little_left(seen: _Seen) -> bool:
    """Whether what the clearing left of the order is less than its own smallest part."""
    given, place = seen.given, seen.place
    left = seen.quantity - int(seen.result["quantity"][seen.result[seen.side] == place].sum())
    if seen.side == "demand":
        return 0 < left < int(given.demands.min_take[place])
    multiple = max(int(given.lots.multiple[place]), 1)
    return 0 < left < -(-max(int(given.lots.min_take[place]), 1) // multiple) * multiple


def _misses(seen: _Seen, words: Vocabulary) -> list[Miss]:
    """For each reason, of the pairs that it alone keeps apart, the one that needs the smallest change."""
    misses = []
    for code in seen.broken:
        places = np.flatnonzero(seen.alone(code))
        if not len(places):
            continue
        nearest = int(places[np.argmin(_shortfall(code, seen.pairs)[places])])
        change = smallest_change(code, seen.pair(nearest), words, seen.side)
        if change is not None:
            road = kilometres(int(seen.pairs.road[nearest]))
            misses.append(Miss(rule=code, distance_km=road, change=ChangeView(**asdict(change))))
    return misses


def _shortfall(code: str, pairs: Pairs) -> NDArray[np.int64]:
    """By how much each pair misses it, in its own unit; metres by road where it has none."""
    lots, demands = pairs.book.lots, pairs.book.demands
    if code == "freshness":
        left = lots.shelf_life[pairs.lot] - pairs.age
        return np.where(left < 0, 1 << 40, demands.min_shelf_life[pairs.demand] - left)
    if code == "minimum":
        room = np.minimum(lots.quantity[pairs.lot], demands.quantity[pairs.demand])
        return least(pairs.book, pairs.lot, pairs.demand) - room
    plain: Mapping[str, Callable[[], NDArray[np.int64]]] = {
        "price": lambda: -pairs.value,
        "window": lambda: pairs.delivery_day - demands.deliver_until[pairs.demand],
        "grade": lambda: (demands.min_grade[pairs.demand] - lots.grade[pairs.lot]).astype(np.int64),
        "distance": lambda: pairs.road - demands.max_distance[pairs.demand],
    }
    return plain.get(code, lambda: pairs.road)()

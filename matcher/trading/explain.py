"""Why an order was matched, and why not: told from the stored input of the clearing that decided it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import RULES
from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Clearing, Demand, Lot
from matcher.trading.chain import as_of, last_with
from matcher.trading.changes import Change, Pair, smallest_change
from matcher.trading.matches import MatchView, matches_of
from matcher.trading.outbid import outbid
from matcher.trading.record import Arrays, Input
from matcher.trading.subset import subset

Side = Literal["lot", "demand"]
LOOKED_BACK = 20  # clearings of the crop, to find the last one that had an order which is no longer open


class ChangeView(BaseModel):
    """`side` says whose order would change: the lot or the demand; `field` is the field of its post."""

    side: Side
    field: str
    now: int | str | list[str] | None
    needed: int | str | list[str]
    vi: str
    en: str


class Miss(BaseModel):
    """An order of the other side that only one rule keeps apart, and the smallest change that would do."""

    rule: str
    distance_km: Kilograms
    change: ChangeView = Field(description="checked: the changed pair keeps every rule")


class Explanation(BaseModel):
    """What the last clearing with this order found, all of it worked out from that clearing's stored input.

    `blocked` counts the orders of the other side by the rules they break, each as often as it breaks one;
    `blocked_only` those that break a single one. `possible` of `considered` break none.
    """

    order_id: UUID
    remaining_kg: Kilograms
    clearing_id: UUID | None = Field(description="null: no clearing has seen this order yet")
    cleared_at: datetime | None
    partners: list[MatchView] = Field(description="all matches of this order, with their arithmetic")
    considered: int = 0
    possible: int = 0
    blocked: dict[str, int] = {}
    blocked_only: dict[str, int] = {}
    misses: list[Miss] = Field([], description="for each rule the nearest miss, where a change would do")
    outbid: ChangeView | None = Field(
        None, description="partners were possible but others worth more: the least change that trades, tried"
    )
    one_more_kg: int | None = Field(None, description="đồng that one more kg of this order would have added")
    refused_for_minimum: bool = Field(False, description="a minimum term, its own or another's, kept it out")


def explain(session: Session, order: Lot | Demand) -> Explanation:
    """Explains an order from the last clearing that had it in its input."""
    seen = _last_seen(session, order)
    said: dict[str, Any] = {} if seen is None else _explained(seen)
    return Explanation(
        order_id=order.id,
        remaining_kg=kilograms(order.quantity_g - order.taken_g),
        clearing_id=seen and seen.clearing.id,
        cleared_at=seen and seen.clearing.finished_at,
        partners=list(matches_of(session, order)),
        **said,
    )


@dataclass(frozen=True)
class _Seen:
    """A clearing with an order in it, at `place` of its side's arrays."""

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
        """By rule: whether each pair breaks it."""
        return {code: ~rule(self.pairs) for code, rule in RULES.items()}

    def pair(self, other: int) -> Pair:
        lot, demand = (self.place, other) if self.side == "lot" else (other, self.place)
        return Pair(subset(self.given.lots, [lot]), subset(self.given.demands, [demand]), self.given.terms)


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
        clearing = last_with(session, session.get_one(Clearing, base_id), order)
        if clearing is not None:
            given, result = as_of(session, clearing)
            ids = given.lot_ids if side == "lot" else given.demand_ids
            return _Seen(clearing, given, result, side, ids.index(str(order.id)))
    return None


def _explained(seen: _Seen) -> dict[str, Any]:
    breaks = np.sum(list(seen.broken.values()), axis=0)
    counts = {code: int(broken.sum()) for code, broken in seen.broken.items()}
    alone = {code: int((broken & (breaks == 1)).sum()) for code, broken in seen.broken.items()}
    possible = np.flatnonzero(breaks == 0)
    change = outbid(seen.given, seen.result, seen.side, seen.place, seen.pairs.select(breaks == 0))
    prices = seen.result[f"{seen.side}_price"]
    return {
        "considered": len(breaks),
        "possible": len(possible),
        "blocked": {code: count for code, count in counts.items() if count},
        "blocked_only": {code: count for code, count in alone.items() if count},
        "misses": _misses(seen, breaks),
        "outbid": change and ChangeView(**asdict(change)),
        "one_more_kg": int(prices[seen.place]),
        "refused_for_minimum": seen.place in seen.result[f"refused_{seen.side}s"],
    }


def _misses(seen: _Seen, breaks: NDArray[np.int64]) -> list[Miss]:
    """For each rule, of the pairs that break only it, the one that needs the smallest change."""
    misses = []
    for code, broken in seen.broken.items():
        places = np.flatnonzero(broken & (breaks == 1))
        if not len(places):
            continue
        nearest = int(places[np.argmin(_shortfall(code, seen.pairs)[places])])
        change: Change | None = smallest_change(code, seen.pair(nearest), seen.given.keys, seen.side)
        if change is not None:
            road = kilograms(int(seen.pairs.road[nearest]))
            misses.append(Miss(rule=code, distance_km=road, change=ChangeView(**asdict(change))))
    return misses


def _shortfall(code: str, pairs: Pairs) -> NDArray[np.int64]:
    """By how much each pair misses the rule, in the rule's own unit; metres by road where it has none."""
    lots, demands = pairs.book.lots, pairs.book.demands
    if code == "price":
        return -pairs.value
    if code == "window":
        return pairs.delivery_day - demands.deliver_until[pairs.demand]
    if code == "grade":
        return (demands.min_grade[pairs.demand] - lots.grade[pairs.lot]).astype(np.int64)
    if code == "freshness":
        left = lots.shelf_life[pairs.lot] - pairs.age
        return np.where(left < 0, 1 << 40, demands.min_shelf_life[pairs.demand] - left)
    if code == "distance":
        return pairs.road - demands.max_distance[pairs.demand]
    return pairs.road

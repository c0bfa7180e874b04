"""What has happened to a book since a clearing, read from the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from matcher.catalogue import Crop
from matcher.clearing.standing.change import Change, Keys
from matcher.contracts.declined import declined_pairs
from matcher.store.tables import Demand, Lot
from matcher.trading.numbers import Numbers, key_of
from matcher.trading.snapshot import rows, sellers_so_far

OrderT = TypeVar("OrderT", Lot, Demand)
Taken = tuple[UUID, UUID, int]  # lot, demand, g


@dataclass(frozen=True)
class Changed:
    """The rows of `change.lots` and `change.demands`, and the ids of the orders that are gone."""

    change: Change
    lot_rows: Sequence[Lot]
    demand_rows: Sequence[Demand]
    gone: Sequence[UUID]

    @property
    def ids(self) -> list[UUID]:
        """Of the orders that are new or changed."""
        return [*(lot.id for lot in self.lot_rows), *(demand.id for demand in self.demand_rows)]


def read_changed(
    session: Session,
    crop: Crop,
    numbers: Numbers,
    since: int,
    known: tuple[Collection[int], Collection[int]],
    taken: Sequence[Taken],
    effort: int,
) -> Changed:
    """The orders changed after version `since` of the book, and those of which `taken` was taken since.

    `known` are the keys of the lots and of the demands of the book as it was.
    """
    all_lots = _changed(session, Lot, crop, since, {lot_id for lot_id, _, _ in taken})
    all_demands = _changed(session, Demand, crop, since, {demand_id for _, demand_id, _ in taken})
    limited = [demand.id for demand in all_demands if demand.max_sellers is not None]
    sellers = sellers_so_far(session, crop, limited) if limited else {}
    lot_rows, lots = numbers.lots([lot for lot in all_lots if _open(lot)])
    demand_rows, demands = numbers.demands([demand for demand in all_demands if _open(demand)], sellers)
    gone_lots = _gone(all_lots, lot_rows, known[0])
    gone_demands = _gone(all_demands, demand_rows, known[1])
    # An order may come back long after its contract was declined, while the other has not changed.
    back = [*(lot.id for lot in lot_rows), *(demand.id for demand in demand_rows)]
    declined = declined_pairs(session, crop.key, back) if back else []
    change = Change(
        lots=lots,
        demands=demands,
        gone_lots=_keys(gone_lots),
        gone_demands=_keys(gone_demands),
        taken_lot=_keys([lot_id for lot_id, _, _ in taken]),
        taken_demand=_keys([demand_id for _, demand_id, _ in taken]),
        taken=np.array([grams for _, _, grams in taken], np.int64),
        declined_lot=_keys([lot_id for lot_id, _ in declined]),
        declined_demand=_keys([demand_id for _, demand_id in declined]),
        effort=effort,
    )
    return Changed(change, lot_rows, demand_rows, [*gone_lots, *gone_demands])


def _changed(
    session: Session, kind: type[OrderT], crop: Crop, since: int, taken: Collection[UUID]
) -> Sequence[OrderT]:
    given: dict[str, object] = {"crop": crop.key, "since": since}
    if taken:
        given["taken"] = list(taken)
    return rows(session, _query(kind, taken=bool(taken)), given)


@cache
def _query(kind: type[Lot | Demand], *, taken: bool) -> Select[tuple[object, ...]]:
    """Built once, since that takes as long as answering it."""
    changed: ColumnElement[bool] = kind.changed_in > bindparam("since")
    if taken:
        changed = or_(changed, kind.id.in_(bindparam("taken", expanding=True)))
    query: Any = select(*kind.__table__.columns).where(kind.crop == bindparam("crop"), changed)
    return cast("Select[tuple[object, ...]]", query.order_by(kind.id))


def _open(order: Lot | Demand) -> bool:
    return order.state == "open" and order.quarantine is None


def _gone(
    every: Sequence[Lot] | Sequence[Demand], kept: Sequence[Lot] | Sequence[Demand], known: Collection[int]
) -> list[UUID]:
    still = {order.id for order in kept}
    return [order.id for order in every if key_of(order.id) in known and order.id not in still]


def _keys(ids: Sequence[UUID]) -> Keys:
    return np.array([key_of(order_id) for order_id in ids], np.uint64)

"""The book as the clearing sees it: its open orders, read from the ledger and turned into numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from matcher.catalogue import Crop
from matcher.clearing import Demands, Lots, Terms
from matcher.contracts.declined import declined_pairs
from matcher.store.tables import Demand, Lot, Match
from matcher.trading.failure import Failure
from matcher.trading.numbers import Numbers

OrderT = TypeVar("OrderT", Lot, Demand)
AT_ONCE = 5_000


@dataclass
class Snapshot:
    """One book at one moment: index i of the arrays `lots` is `lot_rows[i]`; likewise for demands.

    The rows are for reading only: they have the columns of Lot and Demand, and no session knows of them.
    `failures` are those of open orders that are in no array: they could not be turned into numbers.
    `keys` are the words behind numbers; see Numbers.
    """

    lot_rows: Sequence[Lot]
    demand_rows: Sequence[Demand]
    lots: Lots
    demands: Demands
    terms: Terms
    declined: NDArray[np.int32]
    failures: Mapping[UUID, Failure]
    keys: Mapping[str, Sequence[str]]


def take_snapshot(session: Session, crop: Crop, numbers: Numbers, terms: Terms) -> Snapshot:
    """Reads the crop's open orders. Nothing is locked: who takes from one must see that it is unchanged."""
    sellers = sellers_so_far(session, crop, None)
    lot_rows, lots = numbers.lots(rows(session, open_orders(Lot, crop)))
    demand_rows, demands = numbers.demands(rows(session, open_orders(Demand, crop)), sellers)
    lot_index = {lot.id: index for index, lot in enumerate(lot_rows)}
    demand_index = {demand.id: index for index, demand in enumerate(demand_rows)}
    declined = [
        (lot_index[lot_id], demand_index[demand_id])
        for lot_id, demand_id in declined_pairs(session, crop.key, None)
        if lot_id in lot_index and demand_id in demand_index
    ]
    return Snapshot(
        lot_rows,
        demand_rows,
        lots,
        demands,
        terms,
        np.array(sorted(declined), dtype=np.int32).reshape(-1, 2),
        numbers.failures,
        numbers.keys,
    )


def open_orders(kind: type[OrderT], crop: Crop) -> Select[tuple[object, ...]]:
    """What the clearing looks at."""
    return (
        select(*kind.__table__.columns)
        .where(kind.crop == crop.key, kind.state == "open", kind.quarantine.is_(None))
        .order_by(kind.id)
    )


def rows(
    session: Session, query: Select[tuple[object, ...]], given: Mapping[str, object] | None = None
) -> Sequence[OrderT]:
    """Plain rows, which have the attributes of an order and come in half the time."""
    return cast("Sequence[OrderT]", session.execute(query, given).all())


def rows_of(session: Session, kind: type[OrderT], ids: Sequence[UUID]) -> list[OrderT]:
    """The rows of these orders, in their order."""
    found: dict[UUID, OrderT] = {}
    for first in range(0, len(ids), AT_ONCE):
        some: Any = select(*kind.__table__.columns).where(kind.id.in_(ids[first : first + AT_ONCE]))
        every: Sequence[OrderT] = rows(session, some)
        found |= {row.id: row for row in every}
    return [found[order_id] for order_id in ids]


def sellers_so_far(session: Session, crop: Crop, demands: Collection[UUID] | None) -> dict[UUID, int]:
    """How many lots each open demand that limits its sellers has already taken from; of all, or of some."""
    query = (
        select(Match.demand_id, Match.lot_id)
        .join(Demand, Demand.id == Match.demand_id)
        .where(Demand.crop == crop.key, Demand.state == "open", Demand.max_sellers.is_not(None))
        .where(Match.released_at.is_(None))
        .distinct()
    )
    if demands is not None:
        query = query.where(Demand.id.in_(demands))
    counts: dict[UUID, int] = {}
    for demand_id, _ in session.execute(query):
        counts[demand_id] = counts.get(demand_id, 0) + 1
    return counts

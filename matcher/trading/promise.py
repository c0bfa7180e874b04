"""Matches made for good: the orders locked and found unchanged, their quantities taken, the rows written."""

from collections.abc import Collection, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.book.news import note
from matcher.book.orders import book_changed
from matcher.store.tables import Clearing, Demand, Lot, Match
from matcher.trading.found import Found

OrderT = TypeVar("OrderT", Lot, Demand)
FIGURES = (
    "quantity_g", "value", "transport", "freshness_penalty", "price", "distance_m",
    "pick_day", "leave_day", "delivery_day",
)  # fmt: skip


def promise(session: Session, written: Clearing, due: Sequence[Found]) -> tuple[list[Match], list[Found]]:
    """Makes matches of `due`, for `written`; returns them, and of which found ones they were made.

    Where an order has changed since it was read, none of its demand's matches is made: a part of them could
    be less than its smallest fill. The change itself has the book cleared again.
    """
    if not due:
        return [], []
    lots = _locked(session, Lot, {found.lot.id for found in due})
    demands = _locked(session, Demand, {found.demand.id for found in due})
    changed: list[Lot | Demand] = [
        *(lots[found.lot.id] for found in due if not _unchanged(lots, found.lot)),
        *(demands[found.demand.id] for found in due if not _unchanged(demands, found.demand)),
    ]
    _count_behind(session, written, changed)
    gone = {order.id for order in changed}
    stale = {found.demand.id for found in due if gone & {found.lot.id, found.demand.id}}
    kept = [found for found in due if found.demand.id not in stale]
    matches = [_match(written, found, lots[found.lot.id], demands[found.demand.id]) for found in kept]
    session.add_all(matches)
    session.flush()
    taken_from: list[Lot | Demand] = [*lots.values(), *demands.values()]
    for order in taken_from:
        if order.state == "filled":
            note(session, order, "filled")
    return matches, kept


def _locked(session: Session, kind: type[OrderT], ids: Collection[UUID]) -> dict[UUID, OrderT]:
    # In the order of their ids, as all who lock several do.
    locked = select(kind).where(kind.id.in_(ids)).order_by(kind.id).with_for_update()
    return {order.id: order for order in session.scalars(locked.execution_options(populate_existing=True))}


def _unchanged(orders: dict[UUID, OrderT], read: OrderT) -> bool:
    order = orders[read.id]
    return order.version == read.version and order.state == "open" and order.quarantine is None


def _count_behind(session: Session, written: Clearing, changed: Sequence[Lot | Demand]) -> None:
    """Counts what was changed by hand, in no version of the book: or it would be found here for ever."""
    behind = {order.id: order for order in changed if order.changed_in <= written.book_version}
    if behind:
        version = book_changed(session, written.crop)
        for order in behind.values():
            order.changed_in = version


def _match(written: Clearing, found: Found, lot: Lot, demand: Demand) -> Match:
    _take(lot, found.quantity_g)
    _take(demand, found.quantity_g)
    return Match(
        clearing_id=written.id,
        lot=lot,
        demand=demand,
        seller_id=lot.party_id,
        buyer_id=demand.party_id,
        crop=written.crop,
        ask=lot.ask,
        bid=demand.bid,
        made_at=written.finished_at,
        **{name: getattr(found, name) for name in FIGURES},
    )


def _take(order: Lot | Demand, quantity_g: int) -> None:
    order.taken_g += quantity_g
    order.version += 1
    if order.taken_g == order.quantity_g:
        order.state = "filled"

"""Orders that the clearing passes over, because it failed with them: set aside, listed, released."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from matcher.book.orders import book_changed
from matcher.catalogue import Crop
from matcher.clock import now
from matcher.errors import NotFound
from matcher.quarantine import Reason
from matcher.store.tables import Demand, Lot
from matcher.trading.failure import Failure
from matcher.trading.news import tell_of_quarantine


class SetAside(BaseModel):
    """An order in quarantine, for operators. `id` is the order's, `error` the last line of the traceback."""

    id: UUID
    order: Literal["lot", "demand"]
    crop: str
    party_id: UUID
    reason: Reason
    since: datetime
    error: str
    traceback: str


def set_aside(session: Session, crop: Crop, failures: Mapping[UUID, Failure], book_version: int) -> None:
    """Sets the orders aside that failed in this version of the book, and tells owners and operators.

    One that has changed since may be right now: it is left for the next clearing.
    """
    for order_id, why in sorted(failures.items()):
        order: Lot | Demand | None = session.get(Lot, order_id, with_for_update=True)
        order = order or session.get_one(Demand, order_id, with_for_update=True)
        if order.changed_in > book_version:
            continue
        order.quarantine, order.quarantine_traceback = why.reason, why.traceback
        order.quarantined_at = now()
        tell_of_quarantine(session, crop, order, why.reason)


def aside(kind: type[Lot] | type[Demand]) -> ColumnElement[bool]:
    """The condition that an order is set aside; one that is withdrawn or expired matters to nobody."""
    return kind.quarantine.is_not(None) & (kind.state == "open")


def quarantined(session: Session, *, before: UUID | None = None, limit: int = 50) -> Sequence[SetAside]:
    """The orders set aside, those posted last first, at most `limit`, posted before the order `before`."""
    found: list[Lot | Demand] = []
    for kind in (Lot, Demand):
        query = select(kind).where(aside(kind)).order_by(kind.id.desc()).limit(limit)
        found += session.scalars(query if before is None else query.where(kind.id < before))
    return [_view(order) for order in sorted(found, key=lambda order: order.id, reverse=True)[:limit]]


def get_quarantined(session: Session, order_id: UUID) -> Lot | Demand:
    """The order, its row locked. Raises NotFound for an id of no order that is set aside."""
    order: Lot | Demand | None = session.get(Lot, order_id, with_for_update=True)
    order = order or session.get(Demand, order_id, with_for_update=True)
    if order is None or order.quarantine is None or order.state != "open":
        raise NotFound(f"No order {order_id} is in quarantine.")
    return order


def release(session: Session, order_id: UUID) -> SetAside:
    """Gives the order back to its book, once what made it fail is mended; what it was set aside for.

    If it fails again it is set aside again, and its owner told anew. Raises NotFound.
    """
    order = get_quarantined(session, order_id)
    was = _view(order)
    order.quarantine = order.quarantined_at = order.quarantine_traceback = None
    order.version += 1
    session.flush()
    order.changed_in = book_changed(session, order.crop)
    return was


def _view(order: Lot | Demand) -> SetAside:
    traceback = order.quarantine_traceback or ""
    return SetAside.model_validate(
        {
            "id": order.id, "order": order.__tablename__, "crop": order.crop, "party_id": order.party_id,
            "reason": order.quarantine, "since": order.quarantined_at, "traceback": traceback,
            "error": traceback.strip().rpartition("\n")[2],
        }
    )  # fmt: skip

"""What was tried at an endpoint, as its party reads it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.store.tables import Attempt, Delivery, Endpoint, Event, Notice


def attempts_at(
    session: Session, endpoint: Endpoint, *, before: UUID | None = None, limit: int = 50
) -> Sequence[tuple[Attempt, UUID, str]]:
    """Attempts with their delivery's id and the event's kind, newest first, those before `before`."""
    query = deliveries_to(endpoint).join(Attempt, Attempt.delivery_id == Delivery.id)
    if before is not None:
        query = query.where(Attempt.id < before)
    columns: Any = query.with_only_columns(Attempt, Delivery.id, Event.kind)
    rows = session.execute(columns.order_by(Attempt.id.desc()).limit(limit)).all()
    return [(attempt, delivery_id, kind) for attempt, delivery_id, kind in rows]


def deliveries_to(endpoint: Endpoint) -> Any:
    """A query of its deliveries, joined with their notices and events."""
    return (
        select(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(Event, Event.id == Notice.event_id)
        .where(Delivery.endpoint_id == endpoint.id)
    )

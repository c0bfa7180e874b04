"""A party's notices as it reads them itself, and how each of their deliveries stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from config.settings import Settings
from matcher.clock import now
from matcher.errors import NotFound
from matcher.notices.told import MEANING, Channel, State, state_of
from matcher.notices.words import words
from matcher.parties import sees
from matcher.store.tables import Delivery, Notice, Party


class DeliveryView(BaseModel):
    """One notice on one channel; `address` is where it goes."""

    id: UUID
    channel: Channel
    address: str
    contact_id: UUID | None = Field(description="where its address is corrected; null for a webhook")
    endpoint_id: UUID | None = Field(description="the same for a webhook; null for others")
    state: State = Field(description=MEANING)
    attempts: int
    last_answer: str | None = Field(description="what the other side said last, or why it could not be asked")
    next_attempt_at: datetime | None = Field(
        description="null unless it is queued, has failed or is sent again"
    )
    delivered_at: datetime | None = Field(description="when the other side first took it over")
    arrived_at: datetime | None = Field(
        description="when it reached the person, as far as a gateway reports it"
    )


class NoticeView(BaseModel):
    """What one party was told about one event: in words, in that party's language, and as data."""

    id: UUID
    party_id: UUID
    kind: str
    occurred_at: datetime
    subject: str
    text: str
    data: dict[str, Any]
    read_at: datetime | None = Field(description="when you marked it as read")
    deliveries: list[DeliveryView]


def list_notices(  # whose, in which words, and which of them
    session: Session,
    party: Party,
    settings: Settings,
    *,
    unread: bool = False,
    before: UUID | None = None,
    limit: int = 50,
) -> Sequence[NoticeView]:
    """The party's notices, everybody's for an operator; newest first, at most `limit`, before `before`.

    With `unread` only those that were not marked as read.
    """
    query = (
        select(Notice)
        .options(
            joinedload(Notice.event),
            joinedload(Notice.party),
            selectinload(Notice.deliveries).selectinload(Delivery.attempts),
        )
        .order_by(Notice.id.desc())
        .limit(limit)
    )
    if party.kind != "operator":
        query = query.where(Notice.party_id == party.id)
    if unread:
        query = query.where(Notice.read_at.is_(None))
    if before is not None:
        query = query.where(Notice.id < before)
    return [_view(notice, settings.links_begin) for notice in session.scalars(query)]


def unread_count(session: Session, party: Party) -> int:
    """How many of the party's own notices it has not marked as read."""
    own = (Notice.party_id == party.id) & Notice.read_at.is_(None)
    return session.scalar(select(func.count()).select_from(Notice).where(own)) or 0


def mark_read(session: Session, party: Party, up_to: UUID | None) -> int:
    """Marks the party's own notices as read, all or up to one that it sees; returns how many more.

    Raises NotFound for a notice that it does not see; an operator sees everybody's.
    """
    own = (Notice.party_id == party.id) & Notice.read_at.is_(None)
    if up_to is not None:
        newest = session.get(Notice, up_to)
        if newest is None or not sees(party, newest.party_id):
            raise NotFound(f"No notice {up_to}.")
        own &= Notice.id <= up_to
    marked = update(Notice).where(own).values(read_at=now()).returning(Notice.id)
    return len(session.scalars(marked.execution_options(synchronize_session=False)).all())


def _view(notice: Notice, links_begin: str) -> NoticeView:
    event = notice.event
    said = words(event.kind, event.data, notice.party.language, links_begin)
    return NoticeView(
        id=notice.id,
        party_id=notice.party_id,
        kind=event.kind,
        occurred_at=event.occurred_at,
        subject=said.subject,
        text=said.text,
        data=event.data,
        read_at=notice.read_at,
        deliveries=[_delivery_view(delivery) for delivery in notice.deliveries],
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    attempts = delivery.attempts
    return DeliveryView.model_validate(
        {
            "id": delivery.id,
            "channel": delivery.channel,
            "address": delivery.address,
            "contact_id": delivery.contact_id,
            "endpoint_id": delivery.endpoint_id,
            "state": state_of(delivery, len(attempts)),
            "attempts": len(attempts),
            "last_answer": attempts[-1].answer if attempts else None,
            "next_attempt_at": delivery.due_at if delivery.state == "due" else None,
            "delivered_at": delivery.delivered_at,
            "arrived_at": delivery.arrived_at,
        }
    )

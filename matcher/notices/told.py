"""Who was told of something, and did it arrive: for both sides of a contract to see."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.store.tables import Attempt, Delivery, Event, Notice

State = Literal["queued", "failed", "sent", "delivered", "dead", "in list only"]


class Told(BaseModel):
    """One notice on one channel; its address is its party's own affair."""

    party_id: UUID
    kind: str
    occurred_at: datetime
    channel: Literal["webhook", "email"] | None = Field(description="null: the party reads its list")
    state: State = Field(
        description="queued: not tried yet; failed: tried, and will be again; sent: a mail server took it; "
        "delivered: the receiver answered; dead: given up; in list only: it has no channel for this"
    )
    attempts: int
    at: datetime | None = Field(description="when it was sent or delivered")
    read_at: datetime | None = Field(description="when the party marked it as read")


def told_of(session: Session, subjects: Collection[UUID]) -> Sequence[Told]:
    """Every notice about these matches, contracts or orders, oldest first."""
    tried = func.count(Attempt.id)
    rows = session.execute(
        select(Notice.party_id, Event.kind, Event.occurred_at, Notice.read_at, Delivery, tried)
        .join(Event, Event.id == Notice.event_id)
        .outerjoin(Delivery, Delivery.notice_id == Notice.id)
        .outerjoin(Attempt, Attempt.delivery_id == Delivery.id)
        .where(Event.subject_id.in_(subjects))
        .group_by(Notice.id, Event.id, Delivery.id)
        .order_by(Event.occurred_at, Event.id, Notice.id, Delivery.id)
    )
    return [
        Told(
            party_id=party_id,
            kind=kind,
            occurred_at=occurred_at,
            channel=delivery and delivery.channel,
            state=_state(delivery, attempts),
            attempts=attempts,
            at=delivery and delivery.delivered_at,
            read_at=read_at,
        )
        for party_id, kind, occurred_at, read_at, delivery, attempts in rows
    ]


def _state(delivery: Delivery | None, attempts: int) -> State:
    if delivery is None:
        return "in list only"
    if delivery.state == "dead":
        return "dead"
    if delivery.state == "delivered":
        return "sent" if delivery.channel == "email" else "delivered"
    return "failed" if attempts else "queued"

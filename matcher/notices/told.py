"""Who was told of something, and did it arrive: for both sides of a contract to see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.store.tables import Attempt, Contract, Delivery, Event, Notice

Channel = Literal["webhook", "email", "sms", "zalo"]
State = Literal["queued", "failed", "sent", "delivered", "dead", "withdrawn"]
MEANING = (
    "queued: not tried yet; failed: tried, and will be again; sent: a mail server or a gateway took it over; "
    "delivered: the receiver answered, or the gateway reported its arrival; dead: given up; "
    "withdrawn: it was over before it was sent"
)


class Told(BaseModel):
    """One notice on one channel; its address is its party's own affair."""

    party_id: UUID
    kind: str
    occurred_at: datetime
    channel: Channel | None = Field(description="null: the party reads its list")
    state: State | Literal["in list only"] = Field(
        description=f"{MEANING}; in list only: the party has no channel for this"
    )
    attempts: int
    at: datetime | None = Field(description="when it was first sent or delivered")
    read_at: datetime | None = Field(description="when the party marked it as read")
    opened_at: datetime | None = Field(description="when the party first opened the contract, with its key")


def told_of(session: Session, contract: Contract) -> Sequence[Told]:
    """Every notice about the contract and its match, oldest first."""
    opened = {
        contract.seller_id: contract.opened_by_seller_at,
        contract.buyer_id: contract.opened_by_buyer_at,
    }
    tried = func.count(Attempt.id)
    rows = session.execute(
        select(Notice.party_id, Event.kind, Event.occurred_at, Notice.read_at, Delivery, tried)
        .join(Event, Event.id == Notice.event_id)
        .outerjoin(Delivery, Delivery.notice_id == Notice.id)
        .outerjoin(Attempt, Attempt.delivery_id == Delivery.id)
        .where(Event.subject_id.in_((contract.id, contract.match_id)))
        .group_by(Notice.id, Event.id, Delivery.id)
        .order_by(Event.occurred_at, Event.id, Notice.id, Delivery.id)
    )
    return [
        Told(
            party_id=party_id,
            kind=kind,
            occurred_at=occurred_at,
            channel=delivery and delivery.channel,
            state=state_of(delivery, attempts) if delivery else "in list only",
            attempts=attempts,
            at=delivery and (delivery.arrived_at or delivery.delivered_at),
            read_at=read_at,
            opened_at=opened.get(party_id),
        )
        for party_id, kind, occurred_at, read_at, delivery, attempts in rows
    ]


def state_of(delivery: Delivery, attempts: int) -> State:
    """What is known of a delivery that was tried so often, in a word."""
    heard = delivery.channel == "webhook" or delivery.arrived_at is not None
    match delivery.state:
        case "delivered":
            return "delivered" if heard else "sent"
        case "dead":
            return "dead"
        case "withdrawn":
            return "withdrawn"
    if delivery.delivered_at is not None:  # it has arrived, and waits to be sent again
        return "delivered" if heard else "sent"
    return "failed" if attempts else "queued"

# ruff: noqa: S608  # the words put into statements are this project's own
"""Dead letters: deliveries that failed for three days, or can not succeed; listed, and tried anew.

One that is tried anew goes to the address that its contact or endpoint has now: to correct an address is to
change that. What was delivered stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session, selectinload

from matcher.errors import Conflict, NotFound
from matcher.store.moved import PRESENT_ADDRESS
from matcher.store.session import ring
from matcher.store.tables import Contact, Delivery, Endpoint, Event, Notice


def requeue(session: Session, delivery_id: UUID) -> None:
    """Gives a dead letter its whole schedule again. Raises NotFound, and Conflict if it is not dead."""
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound(f"No delivery {delivery_id}.")
    if delivery.state != "dead":
        raise Conflict(f"Delivery {delivery_id} is {delivery.state}; only a dead one can be tried anew.")
    queue_again(session, [delivery_id])


@dataclass(frozen=True)
class DeadLetters:
    """Which dead letters: all, or those of a channel, to an address, of events since a moment.

    The address is where they were to go, or where their contact or endpoint is now.
    """

    channel: str | None = None
    address: str | None = None
    since: datetime | None = None

    def query(self) -> Any:
        chosen = (
            select(Delivery, Event.kind)
            .join(Notice, Notice.id == Delivery.notice_id)
            .join(Event, Event.id == Notice.event_id)
            .where(Delivery.state == "dead")
            .order_by(Delivery.id)
        )
        if self.channel is not None:
            chosen = chosen.where(Delivery.channel == self.channel)
        if self.address is not None:
            contacts = select(Contact.id).where(Contact.address == self.address)
            endpoints = select(Endpoint.id).where(Endpoint.url == self.address)
            chosen = chosen.where(
                (Delivery.address == self.address)
                | Delivery.contact_id.in_(contacts)
                | Delivery.endpoint_id.in_(endpoints)
            )
        return chosen if self.since is None else chosen.where(Event.occurred_at >= self.since)


def list_dead(session: Session, which: DeadLetters, limit: int = 50) -> Sequence[tuple[Delivery, str]]:
    """Dead letters with the kinds of their events, the oldest first; their attempts say why."""
    query = which.query().options(selectinload(Delivery.attempts)).limit(limit)
    return [(delivery, kind) for delivery, kind in session.execute(query)]


def requeue_dead(session: Session, which: DeadLetters, limit: int = 10_000) -> int:
    """Gives up to `limit` dead letters their whole schedule again; returns how many."""
    chosen = which.query().with_only_columns(Delivery.id).limit(limit).with_for_update(of=Delivery)
    found = session.scalars(chosen).all()
    queue_again(session, found)
    return len(found)


_QUEUE_AGAIN = text(f"""
    UPDATE delivery SET state = 'due', due_at = now(), tries = 0, delivered_at = NULL, arrived_at = NULL,
        mail_id = NULL, address = {PRESENT_ADDRESS} WHERE id = ANY(:deliveries)
""").bindparams(bindparam("deliveries", type_=ARRAY(UUID_TYPE)))  # fmt: skip


def queue_again(session: Session, deliveries: Sequence[UUID]) -> None:
    """Makes these due now, each with its whole schedule, to their present addresses."""
    session.flush()
    session.execute(_QUEUE_AGAIN, {"deliveries": list(deliveries)})
    ring(session, "deliver", "due")

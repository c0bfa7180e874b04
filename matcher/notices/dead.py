# ruff: noqa: S608  # the words put into statements are this project's own
"""Dead letters: deliveries that failed for three days, or can not succeed; listed, and tried anew.

One that is tried anew goes to the address that its contact or endpoint has now: to correct an address is to
change that. What was delivered stays as it was, and what has become untrue meanwhile is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, not_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session, selectinload

from matcher.errors import Conflict, NotFound
from matcher.notices.overtaken import OVERTAKEN
from matcher.store.moved import PRESENT_ADDRESS
from matcher.store.session import ring
from matcher.store.tables import Contact, Delivery, Endpoint, Event, Notice

MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class Requeued:
    """How many are due again, and how many are not, as what they tell has become untrue."""

    queued: int
    withdrawn: int


def requeue(session: Session, delivery_id: UUID) -> Requeued:
    """Gives a dead letter its whole schedule again. Raises NotFound, and Conflict if it is not dead."""
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound(f"No delivery {delivery_id}.")
    if delivery.state != "dead":
        raise Conflict(f"Delivery {delivery_id} is {delivery.state}; only a dead one can be tried anew.")
    return queue_again(session, DeadLetters().query().where(Delivery.id == delivery_id))


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


def requeue_dead(session: Session, which: DeadLetters) -> Requeued:
    """Gives dead letters their whole schedule again, up to 10,000 at once."""
    return queue_again(session, which.query())


_QUEUE_AGAIN = text(f"""
    UPDATE delivery SET state = 'due', due_at = now(), tries = 0, mail_id = NULL,
        address = {PRESENT_ADDRESS} WHERE id = ANY(:deliveries)
""").bindparams(bindparam("deliveries", type_=ARRAY(UUID_TYPE)))  # fmt: skip


def queue_again(session: Session, chosen: Any, *, untrue_too: bool = False) -> Requeued:
    """Makes up to 10,000 of the `chosen` due now, each with its whole schedule, to its present address.

    When one arrived first stays on record. `chosen` selects deliveries joined with their events. What has
    not arrived and has become untrue is withdrawn instead, unless `untrue_too`: its correction never follows
    where the first did not go.
    """
    session.flush()
    chosen = chosen.with_only_columns(Delivery.id)
    over = chosen.where(Delivery.state.in_(("dead", "withdrawn")), OVERTAKEN).order_by(None)
    withdrawn = 0
    if not untrue_too:
        withdrawn = session.scalar(select(func.count()).select_from(over.subquery())) or 0
        withdrawing = update(Delivery).where(Delivery.id.in_(over), Delivery.state == "dead")
        session.execute(withdrawing.values(state="withdrawn").execution_options(synchronize_session=False))
        chosen = chosen.where((Delivery.state == "delivered") | not_(OVERTAKEN))
    locked = chosen.order_by(None).order_by(Delivery.id).limit(MOST_AT_ONCE).with_for_update(of=Delivery)
    found = list(session.scalars(locked))
    session.execute(_QUEUE_AGAIN, {"deliveries": found})
    ring(session, "deliver", "due")
    return Requeued(len(found), withdrawn)

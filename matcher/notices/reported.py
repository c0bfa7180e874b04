"""What is reported of a delivery after it was handed over: it has arrived, or came back."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.contacts import note_bounce
from matcher.notices.letter import one_line
from matcher.store.tables import Attempt, Delivery

CLOCKS_DIFFER = timedelta(minutes=1)  # ours and a gateway's, at most


def has_arrived(session: Session, delivery_id: UUID, channel: str, at: datetime | None = None) -> None:
    """Notes that it has arrived, at `at` or now; also one that we do not know to have been sent.

    Now as well if `at` is before it was tried, or has not come yet. What went by another channel than that
    of who reports it stays as it is.
    """
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.channel != channel or delivery.arrived_at is not None:
        return
    delivery.arrived_at = min(at, now()) if at and _can_be(delivery, at) else now()
    if delivery.state != "delivered":
        delivery.state, delivery.delivered_at = "delivered", now()
        _note(session, delivery, succeeded=True, answer="arrived, as is reported")


def _can_be(delivery: Delivery, at: datetime) -> bool:
    """Whether it can have arrived then: after its first attempt, or what it tells of if none is on record."""
    tried = [attempt.started_at for attempt in delivery.attempts]
    sent = min(tried, default=delivery.notice.event.occurred_at)
    return sent - CLOCKS_DIFFER <= at <= now() + CLOCKS_DIFFER


def came_back(
    session: Session, delivery_id: UUID, answer: str, *, bounced: bool, recipient: str | None = None
) -> None:
    """Notes that it will not arrive, and why: it is dead; `bounced`: nor will anything else there.

    Unless the `recipient`, if it is known, is another: whoever it was forwarded to.
    """
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.arrived_at is not None or delivery.state == "withdrawn":
        return
    own = recipient is None or delivery.address.casefold() == recipient
    there, answer = bounced and own, one_line(answer if own else f"another recipient: {answer}")
    if delivery.state == "dead" and not (there and _is_news(delivery, answer)):
        return
    delivery.state, delivery.delivered_at = "dead", None
    _note(session, delivery, succeeded=False, answer=answer)
    if there and delivery.contact_id is not None:
        note_bounce(session, delivery.contact_id, delivery.address, answer)


def _is_news(delivery: Delivery, answer: str) -> bool:
    """Whether no such answer is on record: a report may come twice, and its address be confirmed between."""
    return all(attempt.answer != answer for attempt in delivery.attempts)


def in_mail(session: Session, mail_id: UUID) -> list[UUID]:
    """The deliveries that were in a mail, by what stands in its Message-ID."""
    return list(
        session.scalars(
            select(Delivery.id)
            .where((Delivery.mail_id == mail_id) | ((Delivery.id == mail_id) & Delivery.mail_id.is_(None)))
            .where(Delivery.channel == "email")
            .order_by(Delivery.id)
        )
    )


def by_provider_id(session: Session, channel: str, provider_id: str) -> UUID | None:
    """The delivery that a gateway knows by this name."""
    known = (Delivery.provider_id == provider_id) & (Delivery.channel == channel)
    return session.scalar(select(Delivery.id).where(known).limit(1))


def _note(session: Session, delivery: Delivery, *, succeeded: bool, answer: str) -> None:
    at = now()
    said = Attempt(
        delivery_id=delivery.id, started_at=at, finished_at=at, succeeded=succeeded, answer=one_line(answer)
    )
    session.add(said)
    session.flush()

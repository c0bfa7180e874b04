"""Deliveries: claimed, sent, and the attempt recorded; tried again until delivered or dead-lettered.

A claim is a lease: it moves `due_at` ahead. A worker that dies between sending and recording leaves the
lease to run out; then the same notice, with the same id, is sent again. Twice may happen, never not at all.
"""

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import ColumnElement, and_, func, literal_column, select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now
from matcher.notices import mail, webhook
from matcher.notices.endpoints import answered, signing_secrets
from matcher.notices.letter import Letter, Outcome, outcome
from matcher.store.session import Ledger, ring
from matcher.store.tables import Attempt, Delivery, Endpoint, Event, Notice, Party

logger = logging.getLogger(__name__)

# After each failed attempt but the last, how long until the next: about three days in all.
RETRY_AFTER = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10),
    timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24),
    timedelta(hours=24),
)  # fmt: skip
ATTEMPTS = len(RETRY_AFTER) + 1
JITTER = 0.1


def deliver(ledger: Ledger, delivery_id: UUID, settings: Settings, client: httpx.Client) -> None:
    """Makes one attempt at the delivery, if it is due and no other worker holds it; else does nothing.

    Raises what SQLAlchemy raises; whatever goes wrong in sending is recorded as a failed attempt.
    """
    letter = ledger.run(lambda session: _claim(session, delivery_id, _lease(settings)))
    if letter is None:
        return
    started_at = now()
    made = _send(letter, settings, client)
    ledger.run(lambda session: _settle(session, letter, started_at, made))


def deliveries_due(session: Session, rung_before: datetime, limit: int = 1000) -> Sequence[UUID]:
    """Due deliveries that were not rung for since `rung_before`, the longest due first; rings for them."""
    due = (
        select(Delivery.id)
        .where(_is_due(), Delivery.rung_at.is_(None) | (Delivery.rung_at < rung_before))
        .order_by(Delivery.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(due).all()
    session.execute(update(Delivery).where(Delivery.id.in_(found)).values(rung_at=now()))
    for delivery_id in found:
        ring(session, "deliver", delivery_id)
    return found


def _is_due() -> ColumnElement[bool]:
    # Written out, not bound: a prepared statement uses the partial index only if it sees the state.
    # The database's clock, as the hosts of the workers need not agree to the second.
    return (Delivery.state == literal_column("'due'")) & (Delivery.due_at <= func.now())


def _lease(settings: Settings) -> timedelta:
    # An attempt is cut off after its timeout, but looking up a name and connecting come before.
    return timedelta(seconds=10 + 3 * settings.delivery_timeout_seconds)


def _claim(session: Session, delivery_id: UUID, lease: timedelta) -> Letter | None:
    claim = (
        update(Delivery)
        .where(Delivery.id == delivery_id, _is_due())
        .values(due_at=func.now() + lease)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalar(claim) is None:
        return None
    of_endpoint = and_(Endpoint.party_id == Notice.party_id, Endpoint.url == Delivery.address)
    delivery, event, party, endpoint = session.execute(
        select(Delivery, Event, Party, Endpoint)
        .join(Notice, Delivery.notice_id == Notice.id)
        .join(Event, Notice.event_id == Event.id)
        .join(Party, Notice.party_id == Party.id)
        .outerjoin(Endpoint, of_endpoint)
        .where(Delivery.id == delivery_id)
    ).one()
    return Letter(
        delivery_id=delivery_id,
        notice_id=delivery.notice_id,
        kind=event.kind,
        occurred_at=event.occurred_at,
        data=event.data,
        channel=delivery.channel,
        address=delivery.address,
        party_name=party.name,
        language=party.language,
        secrets=signing_secrets(endpoint, now()) if endpoint and endpoint.disabled_at is None else (),
        endpoint_id=endpoint.id if endpoint else None,
    )


def _send(letter: Letter, settings: Settings, client: httpx.Client) -> Outcome:
    try:
        if letter.channel == "email":
            return mail.send(letter, settings)
        return webhook.send(letter, settings, client)
    except Exception as error:
        # Ours to mend; but the delivery must neither vanish nor be tried every few seconds for ever.
        logger.exception("delivery %s could not be sent", letter.delivery_id)
        return outcome(False, f"could not be sent: {type(error).__name__}: {error}")


def _settle(session: Session, letter: Letter, started_at: datetime, made: Outcome) -> None:
    delivery = session.get_one(Delivery, letter.delivery_id, with_for_update=True)
    session.add(
        Attempt(
            delivery_id=delivery.id,
            started_at=started_at,
            finished_at=now(),
            succeeded=made.succeeded,
            answer=made.answer,
        )
    )
    session.flush()
    if made.succeeded:
        delivery.state, delivery.delivered_at = "delivered", now()
    elif delivery.state == "due":
        _put_off(session, delivery, made)
    if letter.endpoint_id is not None:
        answered(session, letter.endpoint_id, succeeded=made.succeeded, gone=made.gone)


def _put_off(session: Session, delivery: Delivery, failed: Outcome) -> None:
    """Sets when the next attempt is due, or dead-letters the delivery after its last."""
    own = (Attempt.delivery_id == delivery.id) & (Attempt.finished_at >= delivery.queued_at)
    made = session.scalar(select(func.count()).where(own)) or 0
    if failed.final or made >= ATTEMPTS:
        delivery.state = "dead"
        logger.warning("delivery %s by %s is dead after %d attempts", delivery.id, delivery.channel, made)
        return
    wait = RETRY_AFTER[max(made, 1) - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311  # spreads, hides nothing
    delivery.due_at = now() + max(wait, failed.again_after or wait)
    # No ring is on its way, so the sweep need not be patient.
    delivery.rung_at = None

"""What came of attempts, written down: delivered, put off, or dead; and how each endpoint answers."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, literal_column, update
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.endpoints import Answered, note_answers
from matcher.notices.letter import Letter, Outcome
from matcher.store.identifiers import uuid7
from matcher.store.tables import Attempt, Delivery

logger = logging.getLogger(__name__)

# After each failed attempt but the last, how long until the next: about three days in all.
RETRY_AFTER = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10),
    timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24),
    timedelta(hours=24),
)  # fmt: skip
ATTEMPTS = len(RETRY_AFTER) + 1
JITTER = 0.1


@dataclass(frozen=True)
class Made:
    """An attempt that was made."""

    letter: Letter
    started_at: datetime
    finished_at: datetime
    outcome: Outcome


def settle(session: Session, made: Sequence[Made]) -> None:
    """Writes the attempts down and what follows from each; a few statements, however many there are."""
    made = sorted(made, key=lambda each: each.letter.delivery_id)
    session.execute(insert(Attempt), [_attempt(each) for each in made])
    arrived = [each.letter.delivery_id for each in made if each.outcome.succeeded]
    if arrived:
        # Also one that was given up meanwhile: what has arrived has arrived.
        _deliveries(session, Delivery.id.in_(arrived) & (Delivery.state != "delivered"), _DELIVERED)
    failed = [_after_failure(each) for each in made if not each.outcome.succeeded]
    if failed:
        put_off = (
            update(Delivery.__table__)  # type: ignore[arg-type]
            .where(Delivery.id == bindparam("own"), Delivery.state == literal_column("'due'"))
            .values(state=bindparam("becomes"), due_at=bindparam("again_at"), tries=bindparam("made"))
        )
        session.connection().execute(put_off, failed)
    note_answers(session, _by_endpoint(made))


_DELIVERED = {"state": "delivered", "delivered_at": func.now(), "tries": Delivery.tries + 1}


def _deliveries(session: Session, which: Any, values: dict[str, Any]) -> None:
    session.execute(update(Delivery).where(which).values(values).execution_options(synchronize_session=False))


def _attempt(made: Made) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "delivery_id": made.letter.delivery_id,
        "started_at": made.started_at,
        "finished_at": made.finished_at,
        "succeeded": made.outcome.succeeded,
        "answer": made.outcome.answer,
    }


def _after_failure(made: Made) -> dict[str, Any]:
    """When the next attempt is due, or that there is none."""
    letter, failed = made.letter, made.outcome
    tries = letter.tries + 1
    if failed.final or tries >= ATTEMPTS:
        logger.warning(
            "delivery %s by %s is dead after %d attempts", letter.delivery_id, letter.channel, tries
        )
        again, state = timedelta(0), "dead"
    else:
        wait = RETRY_AFTER[tries - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311  # spreads, hides nothing
        again, state = max(wait, failed.again_after or wait), "due"
    return {"own": letter.delivery_id, "becomes": state, "again_at": now() + again, "made": tries}


def _by_endpoint(made: Sequence[Made]) -> dict[UUID, Answered]:
    """How each endpoint answered last."""
    answered: dict[UUID, Answered] = {}
    for each in sorted(made, key=lambda each: each.finished_at):
        if each.letter.endpoint_id is not None:
            outcome = each.outcome
            answered[each.letter.endpoint_id] = Answered(outcome.succeeded, outcome.gone, outcome.again_after)
    return answered

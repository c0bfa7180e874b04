"""What came of attempts, written down: delivered, put off, or dead; and how each endpoint answers."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.answered import Answered, note_answers
from matcher.notices.contacts import note_bounce
from matcher.notices.letter import Letter, Outcome
from matcher.store.identifiers import uuid7

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
    # Contacts and endpoints first, as a removal locks them.
    for each in made:
        if each.outcome.bounced and each.letter.contact_id is not None:
            note_bounce(session, each.letter.contact_id, each.letter.address, each.outcome.answer)
    note_answers(session, _by_endpoint(made))
    session.execute(_ATTEMPTS, _columns([row for each in made for row in _attempts(each)]))
    taken_over = [row for each in made if each.outcome.succeeded for row in _taken_over(each)]
    if taken_over:
        session.execute(_TAKEN_OVER, _columns(taken_over))
    failed = [row for each in made if not each.outcome.succeeded for row in _after_failure(each)]
    if failed:
        session.execute(_FAILED, _columns(failed))


# Each column as an array: one short statement, however many rows.
_ATTEMPTS = text("""
    INSERT INTO attempt (id, delivery_id, started_at, finished_at, succeeded, answer)
    SELECT * FROM unnest(
        CAST(:id AS uuid[]), CAST(:delivery_id AS uuid[]), CAST(:started_at AS timestamptz[]),
        CAST(:finished_at AS timestamptz[]), CAST(:succeeded AS boolean[]), CAST(:answer AS text[]))
""")
# The first arrival is on record for good. Also that of one that was given up meanwhile: what has arrived has
# arrived. But what a gateway has taken over may have come back by the time that this is written down.
_TAKEN_OVER = text("""
    UPDATE delivery SET state = 'delivered', delivered_at = coalesce(delivered_at, now()), tries = tries + 1,
        provider_id = made.provider_id
    FROM unnest(CAST(:id AS uuid[]), CAST(:provider_id AS text[])) AS made (id, provider_id)
    WHERE delivery.id = made.id AND state <> 'delivered'
        AND NOT (state = 'dead' AND channel IN ('sms', 'zalo'))
""")
# Not one that goes to another address by now: it is still due, and leaves for there as its lease ends.
# What had arrived before and was sent again in vain stays delivered.
_FAILED = text("""
    UPDATE delivery SET
        state = CASE WHEN made.state = 'due' OR delivered_at IS NULL THEN made.state ELSE 'delivered' END,
        due_at = made.due_at, tries = made.tries
    FROM unnest(CAST(:id AS uuid[]), CAST(:state AS text[]), CAST(:due_at AS timestamptz[]),
        CAST(:tries AS bigint[]), CAST(:address AS text[])) AS made (id, state, due_at, tries, address)
    WHERE delivery.id = made.id AND delivery.state = 'due' AND delivery.address = made.address
""")


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _attempts(made: Made) -> list[dict[str, Any]]:
    """One for each delivery that was in it."""
    return [
        {
            "id": uuid7(),
            "delivery_id": letter.delivery_id,
            "started_at": made.started_at,
            "finished_at": made.finished_at,
            "succeeded": made.outcome.succeeded,
            "answer": made.outcome.answer,
        }
        for letter in made.letter.all
    ]


def _taken_over(made: Made) -> list[dict[str, Any]]:
    return [{"id": each.delivery_id, "provider_id": made.outcome.provider_id} for each in made.letter.all]


def _after_failure(made: Made) -> list[dict[str, Any]]:
    """When the next attempt is due, or that there is none; the same for all that were in one mail."""
    letter, failed = made.letter, made.outcome
    tries = letter.tries + 1
    if failed.unwanted:
        again, state = timedelta(0), "withdrawn"
    elif failed.final or tries >= ATTEMPTS:
        logger.warning(
            "delivery %s by %s is given up after %d attempts", letter.delivery_id, letter.channel, tries
        )
        again, state = timedelta(0), "dead"
    else:
        wait = RETRY_AFTER[tries - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311  # spreads, hides nothing
        again, state = max(wait, failed.again_after or wait), "due"
    what_follows = {"state": state, "due_at": now() + again, "tries": tries, "address": letter.address}
    return [{"id": each.delivery_id} | what_follows for each in letter.all]


def _by_endpoint(made: Sequence[Made]) -> dict[tuple[UUID, str], Answered]:
    """How each endpoint answered last, at each address where it was called."""
    answered: dict[tuple[UUID, str], Answered] = {}
    for each in sorted(made, key=lambda each: each.finished_at):
        letter, outcome = each.letter, each.outcome
        if letter.endpoint_id is not None:
            called = letter.endpoint_id, letter.address
            answered[called] = Answered(outcome.succeeded, outcome.gone, outcome.again_after)
    return answered

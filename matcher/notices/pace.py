"""The pace of endpoints that want so many a minute at most: a gate that each letter closes for a while."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session

from matcher.store.session import settings_of

# Before their deliveries, as a removal locks them. Whose gate another worker holds is left to it.
_OPEN = text("""
    SELECT id FROM endpoint WHERE id = ANY(:paced) AND (rests_until IS NULL OR rests_until <= now())
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
""").bindparams(bindparam("paced", type_=ARRAY(UUID_TYPE)))

_CLOSE = text("""
    UPDATE endpoint SET rests_until = now() + taken.letters * interval '1 minute' / per_minute
    FROM unnest(:paced, :letters) AS taken (id, letters)
    WHERE endpoint.id = taken.id
""").bindparams(bindparam("paced", type_=ARRAY(UUID_TYPE)), bindparam("letters", type_=ARRAY(INTEGER)))

_NEXT = text("""
    SELECT min(rests_until) - clock_timestamp() FROM endpoint
    WHERE per_minute IS NOT NULL AND rests_until > now() AND rests_until <= now() + :soon
        AND EXISTS (SELECT FROM delivery
            WHERE state = 'due' AND endpoint_id = endpoint.id AND due_at <= rests_until)
""")


def open_gates(session: Session, paced: Collection[UUID]) -> set[UUID]:
    """Which of these endpoints with a pace may get something now; nobody else sends there meanwhile."""
    return set(session.scalars(_OPEN, {"paced": list(paced)})) if paced else set()


def close_gates(session: Session, letters: Mapping[UUID, int]) -> None:
    """Closes open gates for as long as so many letters to these endpoints take."""
    if letters:
        session.execute(_CLOSE, {"paced": list(letters), "letters": list(letters.values())})


def next_opening(session: Session) -> timedelta | None:
    """How long until the first gate opens behind which something is due; None if a sweep comes before."""
    soon = timedelta(seconds=2 * settings_of(session).sweep_seconds)
    opens_in: timedelta | None = session.scalar(_NEXT, {"soon": soon})
    return opens_in

"""A party's events in one order that never changes, to be read on from wherever a reader stopped.

Ids sort by when an event was written, not by when its transaction committed: a reader that goes by them can
miss one that was committed late. So events get their position afterwards, in one go at a time and under a
lock that is held until the positions are committed: whoever sees one sees all before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from matcher.store.tables import Event, Notice, Party

SPECIFICATION = "1.0"


class CloudEvent(BaseModel):
    """An event as CloudEvents 1.0 has it.

    `id` is that of the party's webhook, so that both can be worked off once; of the event, for operators.
    """

    specversion: str = SPECIFICATION
    id: str
    source: str = Field(description="where this service is")
    type: str
    subject: str = Field(description="the id of the contract, match, order or endpoint it is about")
    time: str
    datacontenttype: str = "application/json"
    data: dict[str, Any]


class BeyondEnd(Exception):
    """The position is past the party's newest event."""


@dataclass(frozen=True)
class Entry:
    """One event of a feed and its position there; read on from the last one seen."""

    position: int
    event: CloudEvent


def feed(session: Session, party: Party, after: int, limit: int, source: str) -> Sequence[Entry]:
    """The party's events after the position `after`, everybody's for an operator; oldest first.

    Raises BeyondEnd where `after` is past the newest of them: nobody was given it, or the ledger it came from
    was restored from an older dump, and to wait for it would leave out what comes before.
    """
    number_events(session)
    told = select(Event, Notice.id).join(Notice, Notice.event_id == Event.id)
    own = told.where(Notice.party_id == party.id)
    asked = select(Event, Event.id) if party.kind == "operator" else own
    # From `after` on: the one that was read last shows that it was given out.
    rows = session.execute(
        asked.where(Event.position >= after).order_by(Event.position).limit(limit + 1)
    ).all()
    if after > 0 and not rows:
        raise BeyondEnd
    fresh = [(event, own_id) for event, own_id in rows if event.position != after][:limit]
    return [Entry(event.position or 0, _cloud_event(event, str(own_id), source)) for event, own_id in fresh]


def number_events(session: Session, limit: int = 10_000) -> None:
    """Gives committed events that have no position the next ones, the first written first; commits."""
    if session.scalar(select(Event.id).where(Event.position.is_(None)).limit(1)) is None:
        return
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("feed"))))
    session.execute(
        text(
            "WITH last AS (SELECT coalesce(max(position), 0) AS position FROM event), fresh AS ("
            " SELECT id, row_number() OVER (ORDER BY occurred_at, id) AS place FROM ("
            " SELECT id, occurred_at FROM event WHERE position IS NULL ORDER BY id LIMIT :limit) first)"
            " UPDATE event SET position = last.position + fresh.place FROM last, fresh"
            " WHERE event.id = fresh.id"
        ),
        {"limit": limit},
    )
    # The lock and the positions have to be let go together, and before the reader is answered.
    session.commit()


def _cloud_event(event: Event, identity: str, source: str) -> CloudEvent:
    return CloudEvent(
        id=identity,
        source=source,
        type=event.kind,
        subject=str(event.subject_id),
        time=event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        data=event.data,
    )

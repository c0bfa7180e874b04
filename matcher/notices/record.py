"""Events written down, with a notice for each party concerned and a delivery for each of its channels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.events import (
    ContactBounced,
    ContractMoved,
    EndpointTold,
    FrameMoved,
    Kind,
    MatchMade,
    OrderMoved,
    OrderQuarantined,
)
from matcher.notices.overtaken import withdraw_overtaken
from matcher.notices.ways import ways_of
from matcher.store.identifiers import uuid7
from matcher.store.session import ring
from matcher.store.tables import Delivery, Endpoint, Event, Notice


@dataclass(frozen=True)
class Happening:
    """An event to be. `subject_id` is the match, order or agreement it is about.

    `parties` are the ids of who is told, `occurred_at` is when it happened, where that is not now.
    `own_act`: those told did it themselves.
    """

    kind: Kind
    subject_id: UUID
    subject_version: int
    data: (
        MatchMade | ContractMoved | FrameMoved | OrderMoved | OrderQuarantined | EndpointTold | ContactBounced
    )
    parties: Collection[UUID]
    occurred_at: datetime | None = None
    own_act: bool = False


def record(session: Session, happenings: Sequence[Happening]) -> int:
    """Writes the events in the caller's transaction and asks for a ring for their deliveries.

    What is still due of older events that these overtake is withdrawn. An event already recorded (same kind,
    subject and version) is skipped, notices and all. Returns how many were new. A few statements in all,
    however many events there are.
    """
    events = _write_events(session, happenings)
    if not events:
        return 0
    notices = [
        {"id": uuid7(), "event_id": event_id, "party_id": party_id}
        for event_id, happening in events.items()
        for party_id in dict.fromkeys(happening.parties)
    ]
    if notices:
        session.execute(insert(Notice), notices)
    # A removal locks in this order too: party, contact or endpoint, deliveries last.
    ways = ways_of(session, {notice["party_id"] for notice in notices})
    withdraw_overtaken(session, [(each.kind, each.subject_id) for each in events.values()])
    at = now()
    deliveries: list[dict[str, Any]] = [
        {
            "id": uuid7(), "notice_id": notice["id"], "channel": way.channel, "address": way.address,
            "endpoint_id": way.endpoint_id, "contact_id": way.contact and way.contact.id,
            "digest": way.digest_at(kind) is not None, "due_at": way.leaves(kind, at),
        }
        for notice in notices
        for happening in [events[notice["event_id"]]]
        for kind in [happening.kind]
        for way in ways[notice["party_id"]]
        if way.tells(kind, own_act=happening.own_act)
    ]  # fmt: skip
    if deliveries:
        session.execute(insert(Delivery), deliveries)
    if any(delivery["due_at"] <= at for delivery in deliveries):
        ring(session, "deliver", "due")
    return len(events)


def tell_endpoint(session: Session, endpoint: Endpoint, data: EndpointTold) -> UUID:
    """Tells one endpoint alone of a test; returns the id of the delivery."""
    told = Happening("endpoint.test", endpoint.id, int(now().timestamp() * 1000), data, [endpoint.party_id])
    (event_id,) = _write_events(session, [told])
    notice = Notice(event_id=event_id, party_id=endpoint.party_id)
    session.add(notice)
    session.flush()
    delivery = Delivery(notice_id=notice.id, channel="webhook", address=endpoint.url, endpoint_id=endpoint.id)
    session.add(delivery)
    session.flush()
    ring(session, "deliver", "due")
    return delivery.id


def _write_events(session: Session, happenings: Sequence[Happening]) -> dict[UUID, Happening]:
    """Those that were new, by the event's id."""
    if not happenings:
        return {}
    candidates = {uuid7(): happening for happening in happenings}
    occurred_at = now()
    rows = [
        {
            "id": event_id,
            "kind": happening.kind,
            "subject_id": happening.subject_id,
            "subject_version": happening.subject_version,
            "data": happening.data,
            "occurred_at": happening.occurred_at or occurred_at,
        }
        for event_id, happening in candidates.items()
    ]
    written = session.scalars(
        insert_or_skip(Event)
        .on_conflict_do_nothing(index_elements=[Event.kind, Event.subject_id, Event.subject_version])
        .returning(Event.id),
        rows,
    )
    return {event_id: candidates[event_id] for event_id in written}

"""Which deliveries are to be sent next, claimed so that no other worker sends them too.

A claim is a lease: it moves `due_at` ahead. A worker that dies between sending and recording leaves the
lease to run out; then the same notice, with the same id, is sent again. Twice may happen, never not at all.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.endpoints import signing_secrets
from matcher.notices.letter import Letter
from matcher.store.session import ring
from matcher.store.tables import Delivery, Endpoint, Event, Notice, Party

AT_ONCE = 4  # to one endpoint that answers quickly; to any other one at a time

# Walks from one waiting endpoint to the next by the index: its cost follows the endpoints that wait,
# not the deliveries. The database's clock, as the hosts of the workers need not agree to the second.
_TO_ENDPOINTS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM delivery WHERE state = 'due' AND endpoint_id IS NOT NULL
         ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT endpoint_id FROM delivery WHERE state = 'due' AND endpoint_id > waiting.endpoint_id
                ORDER BY endpoint_id LIMIT 1)
        FROM waiting WHERE endpoint_id IS NOT NULL
    )
    SELECT next.id FROM waiting JOIN endpoint ON endpoint.id = waiting.endpoint_id
    CROSS JOIN LATERAL (
        SELECT id, due_at FROM delivery
        WHERE state = 'due' AND endpoint_id = endpoint.id AND due_at <= now()
        ORDER BY due_at LIMIT CASE WHEN endpoint.id = ANY(:quick) THEN :at_once ELSE 1 END
    ) next
    WHERE (endpoint.rests_until IS NULL OR endpoint.rests_until <= now()) AND endpoint.id <> ALL(:busy)
    ORDER BY next.due_at LIMIT :room
""").bindparams(bindparam("quick", type_=ARRAY(UUID_TYPE)), bindparam("busy", type_=ARRAY(UUID_TYPE)))

_BY_CHANNEL = text("""
    SELECT next.id FROM unnest(:channels, :rooms) AS lane (channel, room)
    CROSS JOIN LATERAL (
        SELECT id FROM delivery
        WHERE state = 'due' AND endpoint_id IS NULL AND channel = lane.channel AND due_at <= now()
        ORDER BY due_at LIMIT lane.room
    ) next
""").bindparams(bindparam("channels", type_=ARRAY(TEXT)), bindparam("rooms", type_=ARRAY(INTEGER)))


def claim(
    session: Session,
    lease: timedelta,
    endpoint_room: int,
    channel_room: Mapping[str, int],
    quick: Collection[UUID] = (),
    busy: Collection[UUID] = (),
) -> Sequence[Letter]:
    """Claims what is due for as long as `lease`, the longest due first.

    At most `endpoint_room` to endpoints, none to those in `busy` and those that rest, one to each, or
    AT_ONCE to those in `quick`; and so many of the other channels as `channel_room` says.
    """
    by_endpoint = {"quick": list(quick), "busy": list(busy), "at_once": AT_ONCE, "room": endpoint_room}
    found = list(session.scalars(_TO_ENDPOINTS, by_endpoint))
    found += session.scalars(
        _BY_CHANNEL, {"channels": list(channel_room), "rooms": list(channel_room.values())}
    )
    if not found:
        return []
    free = select(Delivery.id).where(Delivery.id.in_(found), Delivery.state == "due")
    claimed = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(free.where(Delivery.due_at <= func.now()).with_for_update(skip_locked=True)))
        .values(due_at=func.now() + lease)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    letters = _letters(session, claimed)
    _keep_pace(session, letters)
    return letters


def ring_for_due(session: Session) -> bool:
    """Asks for a ring if anything is due that could be sent now; returns whether it is."""
    rests = select(Endpoint.id).where(Endpoint.rests_until > func.now())
    resting = Delivery.endpoint_id.is_not(None) & Delivery.endpoint_id.in_(rests)
    due = select(Delivery.id).where(Delivery.state == "due", Delivery.due_at <= func.now(), ~resting)
    if session.scalar(due.limit(1)) is None:
        return False
    ring(session, "deliver", "due")
    return True


def _letters(session: Session, claimed: Sequence[UUID]) -> list[Letter]:
    rows = session.execute(
        select(Delivery, Event, Party.name, Party.language, Endpoint)
        .join(Notice, Delivery.notice_id == Notice.id)
        .join(Event, Notice.event_id == Event.id)
        .join(Party, Notice.party_id == Party.id)
        .outerjoin(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .where(Delivery.id.in_(claimed))
    )
    return [_letter(*row) for row in rows]


def _letter(delivery: Delivery, event: Event, name: str, language: str, endpoint: Endpoint | None) -> Letter:
    return Letter(
        delivery_id=delivery.id,
        notice_id=delivery.notice_id,
        kind=event.kind,
        occurred_at=event.occurred_at,
        data=event.data,
        channel=delivery.channel,
        address=delivery.address,
        party_name=name,
        language=language,
        secrets=signing_secrets(endpoint, now()) if endpoint and endpoint.disabled_at is None else (),
        endpoint_id=delivery.endpoint_id,
        tries=delivery.tries,
    )


def _keep_pace(session: Session, letters: Sequence[Letter]) -> None:
    """Lets endpoints with a limit of so many a minute rest for as long as these letters take them."""
    taken: dict[UUID, int] = {}
    for letter in letters:
        if letter.endpoint_id is not None:
            taken[letter.endpoint_id] = taken.get(letter.endpoint_id, 0) + 1
    paced = select(Endpoint).where(Endpoint.id.in_(taken), Endpoint.per_minute.is_not(None))
    for endpoint in session.scalars(paced.order_by(Endpoint.id).with_for_update()):
        pause = timedelta(minutes=taken[endpoint.id] / (endpoint.per_minute or 1))
        endpoint.rests_until = max(endpoint.rests_until or now(), now()) + pause

"""Which deliveries are to be sent next, claimed so that no other worker sends them too.

A claim is a lease: it moves `due_at` ahead. A worker that dies between sending and recording leaves the
lease to run out; then the same notice, with the same id, is sent again. Twice may happen, never not at all.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, text, update
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.letter import Letter
from matcher.notices.pace import close_gates, next_opening, open_gates
from matcher.notices.signing import current
from matcher.notices.ways import quiet_over
from matcher.store.session import ring
from matcher.store.tables import Delivery

AT_ONCE = 4  # to one endpoint that answers quickly; to any other one at a time

# Walks from one waiting endpoint to the next by the index: its cost follows the endpoints that wait,
# not the deliveries. The database's clock, as the hosts of the workers need not agree to the second.
# One with a pace gets no more at once than a second of it: it is quick if it answers within one.
_TO_ENDPOINTS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM delivery WHERE state = 'due' AND endpoint_id IS NOT NULL
         ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT endpoint_id FROM delivery WHERE state = 'due' AND endpoint_id > waiting.endpoint_id
                ORDER BY endpoint_id LIMIT 1)
        FROM waiting WHERE endpoint_id IS NOT NULL
    )
    SELECT next.id, CASE WHEN per_minute IS NOT NULL THEN endpoint.id END AS paced
    FROM waiting JOIN endpoint ON endpoint.id = waiting.endpoint_id
    CROSS JOIN LATERAL (
        SELECT id, due_at FROM delivery
        WHERE state = 'due' AND endpoint_id = endpoint.id AND due_at <= now()
        ORDER BY due_at LIMIT CASE WHEN endpoint.id = ANY(:quick)
            THEN greatest(1, least(:at_once, coalesce(per_minute / 60, :at_once))) ELSE 1 END
    ) next
    WHERE (endpoint.rests_until IS NULL OR endpoint.rests_until <= now()) AND endpoint.id <> ALL(:busy)
    ORDER BY next.due_at LIMIT :room
""").bindparams(bindparam("quick", type_=ARRAY(UUID_TYPE)), bindparam("busy", type_=ARRAY(UUID_TYPE)))

_BY_CHANNEL = text("""
    SELECT next.id FROM unnest(:channels, :rooms) AS lane (channel, room)
    CROSS JOIN LATERAL (
        SELECT id FROM delivery
        WHERE state = 'due' AND endpoint_id IS NULL AND channel = lane.channel AND due_at <= now()
            AND NOT digest
        ORDER BY due_at LIMIT lane.room
    ) next
""").bindparams(bindparam("channels", type_=ARRAY(TEXT)), bindparam("rooms", type_=ARRAY(INTEGER)))

# A digest is of one contact; its lock keeps two workers from taking half of it each.
_OF_DIGESTS = text("""
    WITH reader AS (
        SELECT id FROM contact WHERE id IN (
            SELECT contact_id FROM delivery WHERE state = 'due' AND endpoint_id IS NULL AND channel = 'email'
                AND digest AND due_at <= now() LIMIT :most)
        LIMIT :room FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT delivery.id FROM delivery JOIN reader ON contact_id = reader.id
    WHERE state = 'due' AND digest AND due_at <= now() ORDER BY due_at, delivery.id LIMIT :most
""").bindparams(most=2000)
_BY_ANY_CHANNEL = text(
    "SELECT id FROM delivery WHERE state = 'due' AND endpoint_id IS NULL AND due_at <= now() LIMIT 1"
)

_CLAIM = text("""
    UPDATE delivery SET due_at = now() + :lease WHERE id IN (
        SELECT id FROM delivery WHERE id = ANY(:found) AND state = 'due' AND due_at <= now()
        FOR UPDATE SKIP LOCKED)
    RETURNING id
""").bindparams(bindparam("found", type_=ARRAY(UUID_TYPE)))

_LETTERS = text("""
    SELECT delivery.id AS delivery_id, notice_id, event.kind, occurred_at, data, delivery.channel,
        delivery.address, coalesce(contact.name, party.name) AS party_name,
        coalesce(contact.language, party.language) AS language, endpoint_id, tries, contact_id, token,
        CASE WHEN delivery.channel IN ('sms', 'zalo') THEN (
            SELECT count(*) FROM attempt WHERE delivery_id = delivery.id) ELSE 0 END AS attempts,
        NOT EXISTS (SELECT FROM endpoint WHERE id = endpoint_id AND disabled_reason IS DISTINCT FROM 'owner')
            AND NOT EXISTS (SELECT FROM contact WHERE id = contact_id AND stopped_at IS NULL) AS unwanted,
        digest, mail_id, quiet_from, quiet_until, ARRAY[secret, signing_key] AS secrets,
        ARRAY[former_secret, former_signing_key] AS former_secrets, former_secret_until
    FROM delivery JOIN notice ON notice.id = notice_id JOIN event ON event.id = event_id
    JOIN party ON party.id = notice.party_id
    LEFT JOIN endpoint ON endpoint.id = endpoint_id AND disabled_at IS NULL
    LEFT JOIN contact ON contact.id = contact_id AND stopped_at IS NULL AND bounced_at IS NULL
    WHERE delivery.id = ANY(:claimed)
""").bindparams(bindparam("claimed", type_=ARRAY(UUID_TYPE)))
_OF_LETTER = tuple(each.name for each in fields(Letter) if each.name not in ("secrets", "others"))


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
    AT_ONCE to those in `quick`; and so many of the other channels as `channel_room` says. What is for one
    digest is one letter.
    """
    letters: list[Letter] = []
    while not letters and (rows := _claimed(session, lease, endpoint_room, channel_room, quick, busy)):
        letters = [_letter(row) for row in rows if not _held(session, row)]
    gathered = _digests(session, [each for each in letters if each.digest])
    return [*(each for each in letters if not each.digest), *gathered]


def _claimed(
    session: Session,
    lease: timedelta,
    endpoint_room: int,
    channel_room: Mapping[str, int],
    quick: Collection[UUID],
    busy: Collection[UUID],
) -> Sequence[RowMapping]:
    """What was found due and is claimed now; nothing if nothing is due."""
    lanes = {"channels": list(channel_room), "rooms": list(channel_room.values())}
    webhooks = _to_endpoints(session, endpoint_room, quick, busy)
    gates = open_gates(session, {paced for paced in webhooks.values() if paced})
    found = [
        *(each for each, paced in webhooks.items() if paced is None or paced in gates),
        *session.scalars(_BY_CHANNEL, lanes),
        *session.scalars(_OF_DIGESTS, {"room": channel_room.get("email", 0)}),
    ]
    if not found:
        return []
    claimed = session.scalars(_CLAIM, {"found": found, "lease": lease}).all()
    close_gates(session, Counter(paced for each in claimed if (paced := webhooks.get(each))))
    return session.execute(_LETTERS, {"claimed": claimed}).mappings().all()


def ring_for_due(session: Session) -> bool:
    """Asks for a ring if anything is due that could be sent now or soon; returns whether it is."""
    sendable = _to_endpoints(session, room=1) or session.scalar(_BY_ANY_CHANNEL) or next_opening(session)
    if not sendable:
        return False
    ring(session, "deliver", "due")
    return True


def _to_endpoints(
    session: Session, room: int, quick: Collection[UUID] = (), busy: Collection[UUID] = ()
) -> dict[UUID, UUID | None]:
    """Deliveries, each with its endpoint if that has a pace."""
    asked = {"quick": list(quick), "busy": list(busy), "at_once": AT_ONCE, "room": room}
    return {row.id: row.paced for row in session.execute(_TO_ENDPOINTS, asked)}


def _letter(row: RowMapping) -> Letter:
    return Letter(
        **{name: row[name] for name in _OF_LETTER},
        secrets=current(row["secrets"], row["former_secrets"], row["former_secret_until"]),
    )


def _held(session: Session, row: RowMapping) -> bool:
    """Whether its contact is quiet now, as for a second attempt; then it is due when the quiet is over."""
    at = now()
    leaves = at if row["digest"] else quiet_over(row["quiet_from"], row["quiet_until"], at)
    if leaves > at:
        own = Delivery.id == row["delivery_id"]
        session.execute(update(Delivery).where(own).values(due_at=leaves))
    return leaves > at


def _digests(session: Session, letters: Sequence[Letter]) -> list[Letter]:
    """One letter for each contact; what was in a mail before stays in that one, whose id it keeps.

    The ids are committed with the claim: if the worker dies after sending, the mail that is sent again is
    the same, and what has come due meanwhile is in another.
    """
    mails: dict[tuple[UUID | None, UUID | None], list[Letter]] = {}
    for letter in sorted(letters, key=lambda each: (each.occurred_at, each.delivery_id)):
        mails.setdefault((letter.contact_id, letter.mail_id), []).append(letter)
    gathered = []
    for (_, mail_id), (first, *others) in mails.items():
        kept = mail_id or first.delivery_id
        if mail_id is None:
            own = [each.delivery_id for each in (first, *others)]
            session.execute(update(Delivery).where(Delivery.id.in_(own)).values(mail_id=kept))
        gathered.append(replace(first, mail_id=kept, others=tuple(others)))
    return gathered

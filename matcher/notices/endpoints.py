"""Endpoints: where a party's webhooks go, which events it wants there, and the secrets that sign them."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.fields import Clause, Instant
from matcher.notices.connection import is_elsewhere
from matcher.notices.dead import Requeued, queue_again
from matcher.notices.events import EndpointTold, Kind
from matcher.notices.missed import add_missed
from matcher.notices.record import Happening, record, tell_endpoint
from matcher.parties import operators, sees
from matcher.store.moved import hurry_due, move_due
from matcher.store.session import ring
from matcher.store.tables import Attempt, Delivery, Endpoint, Event, Notice, Party
from matcher.store.withdrawn import withdraw_due_to, withdraw_told

OVERLAP = timedelta(hours=24)  # in which a former secret signs beside the new one
GIVEN_UP_AFTER = timedelta(days=5)  # of failures alone
MOST = 20  # of one party
FIRST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(seconds=15)  # of one that fails, doubled each time

Url = Clause
Kinds = Annotated[list[Kind], Field(min_length=1)] | None
PerMinute = Annotated[int, Field(strict=True, ge=1, le=6000)] | None


class EndpointPost(BaseModel):
    """`kinds` are the events wanted, left out: all. `per_minute` is the most it gets, left out: no limit."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    kinds: Kinds = None
    per_minute: PerMinute = None


class EndpointChange(BaseModel):
    """What is to be other than it is; `enabled` starts an endpoint again that was disabled."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    kinds: Kinds = None
    per_minute: PerMinute = None
    enabled: Annotated[bool, Field(strict=True)] | None = None


class Replay(BaseModel):
    """Which notices to send again: one delivery, or those since a moment that have not arrived.

    With `delivered_too` all, also what has become untrue.
    """

    model_config = ConfigDict(extra="forbid")

    delivery_id: UUID | None = None
    since: Instant | None = None
    delivered_too: Annotated[bool, Field(strict=True)] = False


def add_endpoint(
    session: Session,
    party: Party,
    url: str,
    kinds: Sequence[Kind] | None = None,
    per_minute: int | None = None,
) -> Endpoint:
    """Registers where the party's webhooks go.

    Raises Invalid for no web address, or one it has already; Conflict when it has twenty.
    """
    own = _check_address(session, party.id, url)
    if len(own) >= MOST:
        raise Conflict(f"A party has at most {MOST} endpoints; remove one first.")
    endpoint = Endpoint(
        party_id=party.id,
        url=url,
        secret=_new_secret(),
        signing_key=_new_signing_key(),
        kinds=_each_once(kinds),
        per_minute=per_minute,
    )
    session.add(endpoint)
    session.flush()
    return endpoint


def refuse_private(url: str) -> None:
    """Raises Invalid for an address that is plainly not on the open internet, whatever way it is written."""
    try:
        host = urlsplit(url).hostname
    except ValueError:  # no address at all, which is refused as such
        return
    if host is not None and is_elsewhere(host):
        remedy = "Give one that is, such as https://erp.example.vn/hook; the operator may allow others."
        raise Invalid(Fault("url", f"{host} is in a private network, not on the open internet", remedy))


def get_endpoint(session: Session, endpoint_id: UUID, party: Party) -> Endpoint:
    """The endpoint, for its party and operators. Raises NotFound for others."""
    endpoint = session.get(Endpoint, endpoint_id)
    if endpoint is None or not sees(party, endpoint.party_id):
        raise NotFound(f"No endpoint {endpoint_id}.")
    return endpoint


def list_endpoints(session: Session, party: Party) -> Sequence[Endpoint]:
    """The party's own, in the order they came."""
    return session.scalars(select(Endpoint).where(Endpoint.party_id == party.id).order_by(Endpoint.id)).all()


def change_endpoint(session: Session, endpoint: Endpoint, changes: EndpointChange) -> None:
    """Applies the fields that were named; what is due goes to a new address too.

    With a new address, or enabled, what waits for its next attempt is due at once. Raises Invalid for it.
    """
    if changes.url is not None and changes.url != endpoint.url:
        _check_address(session, endpoint.party_id, changes.url)
        endpoint.url = changes.url
        move_due(session, endpoint.id)
        _try_now(session, endpoint)
    if "kinds" in changes.model_fields_set:
        endpoint.kinds = _each_once(changes.kinds)
    if "per_minute" in changes.model_fields_set:
        endpoint.per_minute = changes.per_minute
    if changes.enabled is True:
        endpoint.disabled_at = endpoint.disabled_reason = None
        _try_now(session, endpoint)
        withdraw_told(session, [("endpoint.disabled", endpoint.id)])
    elif changes.enabled is False and endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_reason = now(), "owner"
        withdraw_due_to(session, endpoint.id)


def rotate_secret(session: Session, endpoint: Endpoint) -> str:
    """A new secret and key; for a day the former ones sign beside them, so that no receiver has to hurry.

    Raises Conflict within that day: those that sign now would be good no more.
    """
    session.refresh(endpoint, with_for_update=True)
    if endpoint.former_secret_until is not None and now() < endpoint.former_secret_until:
        until = endpoint.former_secret_until.isoformat(timespec="seconds")
        raise Conflict(f"The former secret still signs beside the new one; change it again after {until}.")
    endpoint.former_secret_until = now() + OVERLAP
    endpoint.former_secret, endpoint.secret = endpoint.secret, _new_secret()
    endpoint.former_signing_key, endpoint.signing_key = endpoint.signing_key, _new_signing_key()
    return endpoint.secret


def remove_endpoint(session: Session, endpoint: Endpoint) -> None:
    """Forgets it. What is still due to it is withdrawn, and stays in the party's list."""
    session.get(Endpoint, endpoint.id, with_for_update=True)  # nothing more becomes due to it meanwhile
    withdraw_due_to(session, endpoint.id)
    withdraw_told(session, [("endpoint.disabled", endpoint.id)])
    session.execute(delete(Endpoint).where(Endpoint.id == endpoint.id))


def send_test(session: Session, endpoint: Endpoint) -> UUID:
    """Sends a test event to this endpoint alone; returns its delivery's id.

    Raises Conflict if it is disabled, NotFound if it is just being removed.
    """
    _keep(session, endpoint)
    return tell_endpoint(session, endpoint, {"endpoint_id": str(endpoint.id), "url": endpoint.url})


def replay(session: Session, endpoint: Endpoint, what: Replay) -> Requeued:
    """Makes deliveries due again, each with its whole schedule, at most 10,000 at once; returns how many.

    Those since a moment are also of what happened while the endpoint was disabled. Each goes out with the
    id it had. Raises Invalid unless one thing is named, NotFound for a delivery of another endpoint or an
    endpoint that is removed, Conflict for one that is still being tried, or a disabled endpoint.
    """
    _keep(session, endpoint)
    if (what.delivery_id is None) == (what.since is None):
        named = "nothing is" if what.since is None else "both are"
        raise Invalid(Fault("", f"{named} named", "Give a delivery_id, or since when."))
    own = _own_deliveries(endpoint)
    if what.since is not None:
        add_missed(session, endpoint, what.since)
        own = own.where(Event.occurred_at >= what.since)
    if what.delivery_id is not None:
        own = own.where(Delivery.id == what.delivery_id)
        _refuse_waiting(session, what.delivery_id, own)
    states = ["dead", "withdrawn"]
    if what.delivered_too or what.delivery_id:
        states.append("delivered")
    if endpoint.failing_since is not None:  # else it rests by its pace
        endpoint.rests_until = None
    return queue_again(session, own.where(Delivery.state.in_(states)), untrue_too=what.delivered_too)


def attempts_at(
    session: Session, endpoint: Endpoint, *, before: UUID | None = None, limit: int = 50
) -> Sequence[tuple[Attempt, UUID, str]]:
    """Attempts with their delivery's id and the event's kind, newest first, those before `before`."""
    query = _own_deliveries(endpoint).join(Attempt, Attempt.delivery_id == Delivery.id)
    if before is not None:
        query = query.where(Attempt.id < before)
    columns: Any = query.with_only_columns(Attempt, Delivery.id, Event.kind)
    rows = session.execute(columns.order_by(Attempt.id.desc()).limit(limit)).all()
    return [(attempt, delivery_id, kind) for attempt, delivery_id, kind in rows]


@dataclass(frozen=True)
class Answered:
    """How an endpoint answered last; `again_after` is how long it wants to be left alone."""

    succeeded: bool
    gone: bool
    again_after: timedelta | None


def note_answers(session: Session, answers: Mapping[UUID, Answered]) -> None:
    """Notes how endpoints, by their ids, answered: one that failed rests, longer each time.

    One that is gone, or fails for days, is disabled, and its party and the operators are told; what was due
    to it is in the party's list and can be replayed.
    """
    failing = Endpoint.failing_since.is_not(None)
    well = [endpoint_id for endpoint_id, answer in answers.items() if answer.succeeded]
    unwell = [endpoint_id for endpoint_id, answer in answers.items() if not answer.succeeded]
    concerned = (Endpoint.id.in_(well) & failing) | Endpoint.id.in_(unwell)
    for endpoint in session.scalars(
        select(Endpoint).where(concerned).order_by(Endpoint.id).with_for_update(key_share=True)
    ):
        answer = answers[endpoint.id]
        if answer.succeeded:
            _start_afresh(endpoint)
            if endpoint.per_minute is not None:
                endpoint.rests_until = now() + _pause(endpoint)
        elif endpoint.disabled_at is None:
            _note_failure(session, endpoint, answer)


def current(
    newest: Sequence[str | None], former: Sequence[str | None], until: datetime | None
) -> tuple[str, ...]:
    """The secrets and keys that sign what leaves now: the newest, and the former while they are good."""
    both = (*newest, *former) if until is not None and now() < until else newest
    return tuple(secret for secret in both if secret)


def public_key(endpoint: Endpoint) -> str:
    """What verifies the signatures v1a, `whpk_` and base64."""
    private = Ed25519PrivateKey.from_private_bytes(
        base64.b64decode(endpoint.signing_key.removeprefix("whsk_"))
    )
    return f"whpk_{base64.b64encode(private.public_key().public_bytes_raw()).decode()}"


def _note_failure(session: Session, endpoint: Endpoint, answer: Answered) -> None:
    endpoint.failing_since = endpoint.failing_since or now()
    rest = min(FIRST_REST * 2 ** min(endpoint.failures, 10), LONGEST_REST)
    endpoint.rests_until = now() + max(rest, answer.again_after or rest, _pause(endpoint))
    endpoint.failures += 1
    if answer.gone or endpoint.failing_since < now() - GIVEN_UP_AFTER:
        _disable(session, endpoint, "gone" if answer.gone else "failing")


def _pause(endpoint: Endpoint) -> timedelta:
    """Between two letters, by its pace."""
    return timedelta(minutes=1 / endpoint.per_minute) if endpoint.per_minute else timedelta(0)


def _start_afresh(endpoint: Endpoint) -> None:
    endpoint.failing_since = endpoint.rests_until = None
    endpoint.failures = 0


def _try_now(session: Session, endpoint: Endpoint) -> None:
    """As its party says that it is well, nothing waits for a rest or a next attempt."""
    _start_afresh(endpoint)
    hurry_due(session, endpoint.id)
    ring(session, "deliver", "due")


def _disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    endpoint.disabled_at, endpoint.disabled_reason = now(), reason
    endpoint.rests_until = None
    session.flush()
    told = {endpoint.party_id, *(operator.id for operator in operators(session))}
    data: EndpointTold = {"endpoint_id": str(endpoint.id), "url": endpoint.url, "reason": reason}
    version = int(endpoint.disabled_at.timestamp() * 1000)
    record(session, [Happening("endpoint.disabled", endpoint.id, version, data, told)])


def _keep(session: Session, endpoint: Endpoint) -> None:
    """Has it stay until the transaction ends. Raises NotFound if it was removed, Conflict if disabled."""
    if session.get(Endpoint, endpoint.id, with_for_update={"read": True, "key_share": True}) is None:
        raise NotFound(f"No endpoint {endpoint.id}.")
    if endpoint.disabled_at is not None:
        raise Conflict("This endpoint is disabled; enable it first.")


def _refuse_waiting(session: Session, delivery_id: UUID, own: Any) -> None:
    state = session.scalar(own.with_only_columns(Delivery.state))
    if state is None:
        raise NotFound(f"No delivery {delivery_id} of this endpoint.")
    if state == "due":
        raise Conflict(f"Delivery {delivery_id} is still being tried; it needs no replay.")


def _own_deliveries(endpoint: Endpoint) -> Any:
    return (
        select(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(Event, Event.id == Notice.event_id)
        .where(Delivery.endpoint_id == endpoint.id)
    )


def _check_address(session: Session, party_id: UUID, url: str) -> Sequence[str]:
    """The addresses the party has, to which nobody else adds meanwhile.

    Raises Invalid if `url` is none, or one of them.
    """
    if not _is_web_address(url):
        fault = Fault("url", f"{url!r} is no web address", "Give one such as https://erp.example.vn/hook.")
        raise Invalid(fault)
    session.execute(select(Party.id).where(Party.id == party_id).with_for_update())
    own = session.scalars(select(Endpoint.url).where(Endpoint.party_id == party_id)).all()
    if url in own:
        raise Invalid(Fault("url", f"this party already has the endpoint {url}", "Give another address."))
    return own


def _each_once(kinds: Sequence[Kind] | None) -> list[str] | None:
    return None if kinds is None else list(dict.fromkeys(kinds))


def _is_web_address(url: str) -> bool:
    """Whether it can be called, as far as httpx can tell, which is what calls it; and in one way only."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        # What is escaped in a host is read in more than one way. To read it out has httpx see
        # whether what begins with xn-- stands for any name.
        reachable = "%" not in read.host and _has_labels(read.raw_host) and parts.port != 0
    except (ValueError, httpx.InvalidURL):  # of which those of names in other scripts are the former
        return False
    # A password in it would be shown to whoever reads the list.
    plain = parts.username is None and not any(letter.isspace() for letter in url)
    return parts.scheme in ("http", "https") and reachable and plain


def _has_labels(host: bytes) -> bool:
    """Whether a host is an IPv6 address, or its labels are those of a name (RFC 1035: 1 to 63 letters)."""
    labels = host.removesuffix(b".").split(b".")
    return b":" in host or all(0 < len(each) < 64 for each in labels)


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _new_signing_key() -> str:
    return f"whsk_{base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()}"

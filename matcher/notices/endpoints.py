"""Endpoints: where a party's webhooks go, which events it wants there, and the secrets that sign them."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.fields import Instant
from matcher.notices.dead import queue_again
from matcher.notices.events import EndpointTold, Happening, Kind, record, tell_endpoint
from matcher.notices.guard import is_public
from matcher.parties import operators, sees
from matcher.store.tables import Attempt, Delivery, Endpoint, Event, Notice, Party

OVERLAP = timedelta(hours=24)  # in which a former secret signs beside the new one
GIVEN_UP_AFTER = timedelta(days=5)  # of failures alone
MOST = 20  # of one party
MOST_REPLAYED = 10_000


class EndpointPost(BaseModel):
    """`kinds` are the events wanted; left out, all of them."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2000)]
    kinds: Annotated[list[Kind], Field(min_length=1)] | None = None


class EndpointChange(BaseModel):
    """What is to be other than it is; `enabled` starts an endpoint again that was disabled."""

    model_config = ConfigDict(extra="forbid")

    kinds: Annotated[list[Kind], Field(min_length=1)] | None = None
    enabled: bool | None = None


class Replay(BaseModel):
    """Which notices to send again: one delivery, or those since a moment; of these the failed, or all."""

    model_config = ConfigDict(extra="forbid")

    delivery_id: UUID | None = None
    since: Instant | None = None
    delivered_too: bool = False


def add_endpoint(session: Session, party: Party, url: str, kinds: Sequence[Kind] | None = None) -> Endpoint:
    """Registers where the party's webhooks go.

    Raises Invalid for no web address, or one it has already; Conflict when it has twenty.
    """
    if not _is_web_address(url):
        fault = Fault("url", f"{url!r} is no web address", "Give one such as https://erp.example.vn/hook.")
        raise Invalid(fault)
    own = session.scalars(select(Endpoint.url).where(Endpoint.party_id == party.id)).all()
    if url in own:
        raise Invalid(Fault("url", f"this party already has the endpoint {url}", "Give another address."))
    if len(own) >= MOST:
        raise Conflict(f"A party has at most {MOST} endpoints; remove one first.")
    wanted = None if kinds is None else list(dict.fromkeys(kinds))
    endpoint = Endpoint(party_id=party.id, url=url, secret=_new_secret(), kinds=wanted)
    session.add(endpoint)
    session.flush()
    return endpoint


def refuse_private(url: str) -> None:
    """Raises Invalid for an address that is plainly of a private network; of names the guard has the word."""
    try:
        address = ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return
    if not is_public(address):
        fault = Fault("url", f"{address} is in a private network", "Give an address on the open internet.")
        raise Invalid(fault)


def get_endpoint(session: Session, endpoint_id: UUID, party: Party) -> Endpoint:
    """The endpoint, for its party and operators. Raises NotFound for others."""
    endpoint = session.get(Endpoint, endpoint_id)
    if endpoint is None or not sees(party, endpoint.party_id):
        raise NotFound(f"No endpoint {endpoint_id}.")
    return endpoint


def list_endpoints(session: Session, party: Party) -> Sequence[Endpoint]:
    """The party's own, in the order they came."""
    return session.scalars(select(Endpoint).where(Endpoint.party_id == party.id).order_by(Endpoint.id)).all()


def change_endpoint(endpoint: Endpoint, changes: EndpointChange) -> None:
    """Applies the fields that were named."""
    if "kinds" in changes.model_fields_set:
        endpoint.kinds = None if changes.kinds is None else list(dict.fromkeys(changes.kinds))
    if changes.enabled is True:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
    elif changes.enabled is False and endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_reason = now(), "owner"


def rotate_secret(endpoint: Endpoint) -> str:
    """A new secret; for a day the former one signs beside it, so that no receiver has to hurry."""
    endpoint.former_secret, endpoint.former_secret_until = endpoint.secret, now() + OVERLAP
    endpoint.secret = _new_secret()
    return endpoint.secret


def remove_endpoint(session: Session, endpoint: Endpoint) -> None:
    """Forgets it. What is still due to it is dead at its next attempt, and stays in the party's list."""
    session.execute(delete(Endpoint).where(Endpoint.id == endpoint.id))


def send_test(session: Session, endpoint: Endpoint) -> UUID:
    """Sends a test event to this endpoint alone; returns the id of its delivery."""
    return tell_endpoint(session, endpoint, {"endpoint_id": str(endpoint.id), "url": endpoint.url})


def replay(session: Session, endpoint: Endpoint, what: Replay) -> int:
    """Makes deliveries due again, each with its whole schedule; returns how many, at most 10,000 at once.

    Each goes out with the id it had. Raises NotFound for a delivery that is not this endpoint's, Conflict
    for a disabled endpoint, Invalid when nothing is named.
    """
    if endpoint.disabled_at is not None:
        raise Conflict("This endpoint is disabled; enable it first.")
    if what.delivery_id is None and what.since is None:
        raise Invalid(Fault("", "nothing is named", "Give a delivery_id, or since when."))
    own = _own_deliveries(endpoint).with_only_columns(Delivery.id)
    if what.delivery_id is not None:
        own = own.where(Delivery.id == what.delivery_id)
    if what.since is not None:
        own = own.where(Event.occurred_at >= what.since)
    states = ["dead", "delivered"] if what.delivered_too or what.delivery_id else ["dead"]
    chosen = own.where(Delivery.state.in_(states)).order_by(Delivery.id).limit(MOST_REPLAYED)
    found = session.scalars(chosen.with_for_update(of=Delivery)).all()
    if what.delivery_id is not None and not found:
        raise NotFound(f"No delivery {what.delivery_id} of this endpoint that has ended.")
    queue_again(session, found)
    return len(found)


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


def answered(session: Session, endpoint_id: UUID, *, succeeded: bool, gone: bool) -> None:
    """Notes how an attempt at the endpoint ended; one that is gone, or fails for days, is disabled.

    Its party and the operators are told; what was due to it is in the party's list and can be replayed.
    """
    endpoint = session.get(Endpoint, endpoint_id)
    if endpoint is None or (succeeded and endpoint.failing_since is None):
        return
    session.refresh(endpoint, with_for_update=True)
    if succeeded:
        endpoint.failing_since = None
    elif endpoint.disabled_at is None:
        endpoint.failing_since = endpoint.failing_since or now()
        if gone or endpoint.failing_since < now() - GIVEN_UP_AFTER:
            _disable(session, endpoint, "gone" if gone else "failing")


def signing_secrets(endpoint: Endpoint, at: datetime) -> tuple[str, ...]:
    """The secrets that sign what leaves at this moment, the newest first."""
    if endpoint.former_secret and endpoint.former_secret_until and at < endpoint.former_secret_until:
        return endpoint.secret, endpoint.former_secret
    return (endpoint.secret,)


def _disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    endpoint.disabled_at, endpoint.disabled_reason = now(), reason
    session.flush()
    told = {endpoint.party_id, *(operator.id for operator in operators(session))}
    data: EndpointTold = {"endpoint_id": str(endpoint.id), "url": endpoint.url, "reason": reason}
    version = int(endpoint.disabled_at.timestamp() * 1000)
    record(session, [Happening("endpoint.disabled", endpoint.id, version, data, told)])


def _own_deliveries(endpoint: Endpoint) -> Any:
    return (
        select(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(Event, Event.id == Notice.event_id)
        .where(Notice.party_id == endpoint.party_id, Delivery.channel == "webhook")
        .where(Delivery.address == endpoint.url)
    )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"

"""Endpoints: where a party's webhooks go, and which events it wants there."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.fields import Clause
from matcher.notices.answered import change_pace, end_rest, start_afresh
from matcher.notices.events import Kind
from matcher.notices.record import tell_endpoint
from matcher.notices.signing import new_secret, new_signing_key
from matcher.notices.web_address import refuse_uncallable
from matcher.parties import sees
from matcher.store.moved import hurry_due, move_due
from matcher.store.session import ring
from matcher.store.tables import Endpoint, Party
from matcher.store.withdrawn import withdraw_due_to, withdraw_told

MOST = 20  # of one party

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
        secret=new_secret(),
        signing_key=new_signing_key(),
        kinds=_each_once(kinds),
        per_minute=per_minute,
    )
    session.add(endpoint)
    session.flush()
    return endpoint


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

    With a new address, or enabled, what waits for its next attempt is due at once, by its pace. Raises
    Invalid for the address, NotFound if it was just removed.
    """
    url = None if changes.url == endpoint.url else changes.url
    if url is not None:
        _check_address(session, endpoint.party_id, url)
    _hold(session, endpoint)
    if url is not None:
        endpoint.url = url
        move_due(session, endpoint.id)
        start_afresh(endpoint)
        _try_now(session, endpoint)
    if "kinds" in changes.model_fields_set:
        endpoint.kinds = _each_once(changes.kinds)
    if "per_minute" in changes.model_fields_set:
        change_pace(endpoint, changes.per_minute)
        ring(session, "deliver", "due")
    if changes.enabled is True:
        if endpoint.disabled_at is not None:
            start_afresh(endpoint)
        endpoint.disabled_at = endpoint.disabled_reason = None
        _try_now(session, endpoint)
        withdraw_told(session, [("endpoint.disabled", endpoint.id)])
    elif changes.enabled is False and endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_reason = now(), "owner"
        withdraw_due_to(session, endpoint.id)


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
    keep(session, endpoint)
    return tell_endpoint(session, endpoint, {"endpoint_id": str(endpoint.id), "url": endpoint.url})


def keep(session: Session, endpoint: Endpoint) -> None:
    """Has it stay until the transaction ends. Raises NotFound if it was removed, Conflict if disabled."""
    if session.get(Endpoint, endpoint.id, with_for_update={"read": True, "key_share": True}) is None:
        raise NotFound(f"No endpoint {endpoint.id}.")
    if endpoint.disabled_at is not None:
        raise Conflict("This endpoint is disabled; enable it first.")


def _hold(session: Session, endpoint: Endpoint) -> None:
    """Reads it anew, as nobody else notes down an answer or a letter meanwhile. Raises NotFound."""
    held = session.get(Endpoint, endpoint.id, with_for_update={"key_share": True}, populate_existing=True)
    if held is None:
        raise NotFound(f"No endpoint {endpoint.id}.")


def _try_now(session: Session, endpoint: Endpoint) -> None:
    """As its party says that it is well, nothing waits for a rest or a next attempt."""
    end_rest(endpoint)
    hurry_due(session, endpoint.id)
    ring(session, "deliver", "due")


def _check_address(session: Session, party_id: UUID, url: str) -> Sequence[str]:
    """The addresses the party has, to which nobody else adds meanwhile.

    Raises Invalid if `url` is none, or one of them.
    """
    refuse_uncallable(url)
    session.execute(select(Party.id).where(Party.id == party_id).with_for_update())
    own = session.scalars(select(Endpoint.url).where(Endpoint.party_id == party_id)).all()
    if url in own:
        raise Invalid(Fault("url", f"this party already has the endpoint {url}", "Give another address."))
    return own


def _each_once(kinds: Sequence[Kind] | None) -> list[str] | None:
    return None if kinds is None else list(dict.fromkeys(kinds))

"""/v1/endpoints: where your webhooks go."""

from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from matcher.api.once import OnceRoute, once
from matcher.api.requests import Before, Caller, Configured, Limit, Page, Transaction, link_next
from matcher.notices.attempts import attempts_at
from matcher.notices.endpoints import (
    EndpointChange,
    EndpointPost,
    add_endpoint,
    change_endpoint,
    get_endpoint,
    list_endpoints,
    remove_endpoint,
    send_test,
)
from matcher.notices.replay import Replay, replay
from matcher.notices.signing import public_key, rotate_secret
from matcher.notices.web_address import refuse_private
from matcher.store.tables import Endpoint

ViewT = TypeVar("ViewT", bound="EndpointView")

router = APIRouter(prefix="/v1/endpoints", tags=["notices"], route_class=OnceRoute)


class EndpointView(BaseModel):
    """An endpoint; its secret is shown only when it is made or changed."""

    id: UUID
    url: str
    public_key: str = Field(description="verifies the signatures v1a, as Standard Webhooks has it")
    kinds: list[str] | None = Field(description="the events that go there; null: all")
    created_at: datetime
    per_minute: int | None = Field(description="how many it gets a minute at most; null: no limit")
    failing_since: datetime | None = Field(description="when attempts began to fail; null while they succeed")
    rests_until: datetime | None = Field(description="nothing is sent there before; null: at once")
    disabled_at: datetime | None
    disabled_reason: Literal["owner", "gone", "failing"] | None
    former_secret_until: datetime | None = Field(description="until when the secret before signs too")


class EndpointWithSecret(EndpointView):
    """The same, with the secret that signs; keep it, it is not shown again."""

    secret: str


class AttemptView(BaseModel):
    """One try at a delivery, and what was answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    delivery_id: UUID
    kind: str
    started_at: datetime
    finished_at: datetime
    succeeded: bool
    answer: str


class Queued(BaseModel):
    """How many deliveries are due again, and how many stay withdrawn, as they have become untrue."""

    model_config = ConfigDict(from_attributes=True)

    queued: int
    withdrawn: int


class Sent(BaseModel):
    delivery_id: UUID


@router.post("", status_code=201, dependencies=[once])
def post(
    session: Transaction, caller: Caller, configured: Configured, body: EndpointPost, response: Response
) -> EndpointWithSecret:
    """Have your notices posted to an address of yours, signed as Standard Webhooks asks."""
    if not configured.private_addresses_allowed:
        refuse_private(body.url)
    endpoint = add_endpoint(session, caller, body.url, body.kinds, body.per_minute)
    response.headers["Location"] = f"/v1/endpoints/{endpoint.id}"
    session.refresh(endpoint)
    return _view(EndpointWithSecret, endpoint)


@router.get("")
def read_all(session: Transaction, caller: Caller) -> Page[EndpointView]:
    """Your endpoints."""
    return Page(items=[_view(EndpointView, each) for each in list_endpoints(session, caller)])


@router.get("/{endpoint_id}")
def read(session: Transaction, caller: Caller, endpoint_id: UUID) -> EndpointView:
    return _view(EndpointView, get_endpoint(session, endpoint_id, caller))


@router.patch("/{endpoint_id}", dependencies=[once])
def change(
    session: Transaction, caller: Caller, configured: Configured, endpoint_id: UUID, body: EndpointChange
) -> EndpointView:
    """Give another address, choose other events or another pace, or disable and enable it."""
    endpoint = get_endpoint(session, endpoint_id, caller)
    if body.url is not None and not configured.private_addresses_allowed:
        refuse_private(body.url)
    change_endpoint(session, endpoint, body)
    return _view(EndpointView, endpoint)


@router.delete("/{endpoint_id}", status_code=204)
def remove(session: Transaction, caller: Caller, endpoint_id: UUID) -> None:
    """Send nothing there any more."""
    remove_endpoint(session, get_endpoint(session, endpoint_id, caller))


@router.post("/{endpoint_id}/rotate", dependencies=[once])
def rotate(session: Transaction, caller: Caller, endpoint_id: UUID) -> EndpointWithSecret:
    """A new secret; for 24 hours the former one signs beside it, and there is no other change."""
    endpoint = get_endpoint(session, endpoint_id, caller)
    rotate_secret(session, endpoint)
    return _view(EndpointWithSecret, endpoint)


@router.post("/{endpoint_id}/test", status_code=202, dependencies=[once])
def test(session: Transaction, caller: Caller, endpoint_id: UUID) -> Sent:
    """Send a test event there now."""
    return Sent(delivery_id=send_test(session, get_endpoint(session, endpoint_id, caller)))


@router.post("/{endpoint_id}/replay", status_code=202, dependencies=[once])
def send_again(session: Transaction, caller: Caller, endpoint_id: UUID, body: Replay) -> Queued:
    """Send again: one delivery, or what has not arrived since a moment, or all; each with the id it had."""
    return Queued.model_validate(replay(session, get_endpoint(session, endpoint_id, caller), body))


@router.get("/{endpoint_id}/attempts")
def read_attempts(  # what FastAPI hands over
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    endpoint_id: UUID,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[AttemptView]:
    """What was tried there, newest first, and what was answered."""
    found = attempts_at(session, get_endpoint(session, endpoint_id, caller), before=cursor, limit=limit)
    link_next(request, response, [attempt for attempt, _, _ in found], limit)
    return Page(
        items=[
            AttemptView.model_validate(
                {name: getattr(attempt, name, None) for name in AttemptView.model_fields}
                | {"delivery_id": delivery_id, "kind": kind}
            )
            for attempt, delivery_id, kind in found
        ]
    )


def _view(kind: type[ViewT], endpoint: Endpoint) -> ViewT:
    shown = {name: getattr(endpoint, name) for name in kind.model_fields if name != "public_key"}
    return kind.model_validate(shown | {"public_key": public_key(endpoint)})

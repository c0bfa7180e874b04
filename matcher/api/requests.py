"""What handlers take from a request: the transaction, the caller, a page's bounds, the version amended."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.errors import Fault, Invalid, NotFile, Unauthenticated
from matcher.knowledge import Knowledge
from matcher.parties import party_by_key
from matcher.store.session import read_as_of_one_moment
from matcher.store.tables import Party

NO_VERSION = -1  # of anything: a number no order or contract can come to

ItemT = TypeVar("ItemT")
_bearer = HTTPBearer(auto_error=False, description="An API key that an operator made")


class Page(BaseModel, Generic[ItemT]):
    """One page of a list, newest first; the `Link` header with rel="next" leads to the following one."""

    items: list[ItemT]


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


def _transaction(request: Request) -> Iterator[Session]:
    with request.app.state.ledger.transaction() as session:
        yield session


# "function": commit before the answer leaves, so that a 201 is never sent for what was not kept.
Transaction = Annotated[Session, Depends(_transaction, scope="function")]


def _snapshot(session: Transaction) -> Session:
    return read_as_of_one_moment(session)


# The transaction of a handler that only reads, but much that belongs together, such as a chain of clearings.
Snapshot = Annotated[Session, Depends(_snapshot)]


def _caller(
    session: Transaction, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Party:
    if credentials is None:
        raise Unauthenticated("Send your API key as `Authorization: Bearer …`.")
    return party_by_key(session, credentials.credentials)


Caller = Annotated[Party, Depends(_caller)]


def _knowledge(request: Request) -> Knowledge:
    knowledge: Knowledge = request.app.state.knowledge
    return knowledge


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Known = Annotated[Knowledge, Depends(_knowledge)]
Configured = Annotated[Settings, Depends(_settings)]
Limit = Annotated[int, Query(ge=1, le=200)]
CropKey = Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,60}$", description="a key of GET /v1/crops")]
Before = Annotated[UUID | None, Query(alias="cursor", description="from the Link header of the page before")]


def link_next(request: Request, response: Response, rows: Sequence[_Identified], limit: int) -> None:
    """Sets the Link header when there may be a further page."""
    if len(rows) == limit:
        url = request.url.include_query_params(cursor=str(rows[-1].id))
        response.headers["Link"] = f'<{url}>; rel="next"'


def amendment_of(post: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI request body of an amendment: the fields of `post`, none of them required.

    Those that a post may leave out may be null.
    """
    schema = post.model_json_schema(ref_template="#/components/schemas/{model}")
    fields = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in schema["properties"].items()
    }
    for name in fields.keys() - schema["required"]:
        choices = fields[name].get("anyOf") or [fields[name]]
        if {"type": "null"} not in choices:
            fields[name] = {"anyOf": [*choices, {"type": "null"}]}
    body = {"type": "object", "properties": fields, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


async def _file(request: Request) -> bytes:
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise NotFile("Send the file itself as the body, as `curl --data-binary @FILE` does, and no form.")
    return await request.body()


# A body that is a file, whatever its content type says; a form is none, and would be kept or read as one.
FileBody = Annotated[bytes, Depends(_file)]
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _if_match(if_match: Annotated[str | None, Header()] = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    tag = re.fullmatch(r'\s*"(\d+)"\s*', if_match, re.ASCII)
    if tag is None:
        remedy = 'Send the ETag you read, such as "3", or leave the header out.'
        raise Invalid(Fault("If-Match", "not one of our ETags", remedy))
    return int(tag[1]) if len(tag[1]) < 19 else NO_VERSION


IfMatch = Annotated[int | None, Depends(_if_match)]


def etag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'

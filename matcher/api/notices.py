"""/v1/notices"""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from matcher.api.once import OnceRoute, once
from matcher.api.requests import Before, Caller, Configured, Limit, Page, Transaction, link_next
from matcher.notices.inbox import NoticeView, list_notices, mark_read, unread_count

router = APIRouter(prefix="/v1/notices", tags=["notices"], route_class=OnceRoute)


class Unread(BaseModel):
    """How many of your notices you have not marked as read."""

    unread: int


class Read(BaseModel):
    """`up_to` is the id of the newest notice you have read; left out, all of them."""

    model_config = ConfigDict(extra="forbid")

    up_to: UUID | None = None


@router.get("/unread")
def count(session: Transaction, caller: Caller) -> Unread:
    """How many wait to be read."""
    return Unread(unread=unread_count(session, caller))


@router.post("/read", dependencies=[once])
def mark(session: Transaction, caller: Caller, body: Read) -> Unread:
    """Mark as read what you have read; it stays in the list."""
    mark_read(session, caller, body.up_to)
    return Unread(unread=unread_count(session, caller))


@router.get("")
def read_all(  # what FastAPI hands over
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    settings: Configured,
    unread: bool = False,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[NoticeView]:
    """What you were told, newest first, and how each delivery stands; an operator sees all."""
    notices = list_notices(session, caller, settings, unread=unread, before=cursor, limit=limit)
    link_next(request, response, notices, limit)
    return Page(items=list(notices))

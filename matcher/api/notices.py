"""/v1/notices"""

from fastapi import APIRouter, Request, Response

from matcher.api.requests import Before, Caller, Configured, Limit, Page, Transaction, link_next
from matcher.notices.inbox import NoticeView, list_notices

router = APIRouter(prefix="/v1/notices", tags=["notices"])


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    settings: Configured,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[NoticeView]:
    """What you were told, newest first, and how each delivery stands; an operator sees all."""
    notices = list_notices(session, caller, settings, before=cursor, limit=limit)
    link_next(request, response, notices, limit)
    return Page(items=list(notices))

"""/v1/matches"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from matcher.api.requests import Before, Caller, Limit, Page, Transaction, link_next
from matcher.trading.matches import MatchView, get_match, list_matches

router = APIRouter(prefix="/v1/matches", tags=["matches"])


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[MatchView]:
    """Matches of which you are a side, newest first; an operator sees all."""
    matches = list_matches(session, caller, before=cursor, limit=limit)
    link_next(request, response, matches, limit)
    return Page(items=list(matches))


@router.get("/{match_id}")
def read(session: Transaction, caller: Caller, match_id: UUID) -> MatchView:
    return get_match(session, match_id, caller)

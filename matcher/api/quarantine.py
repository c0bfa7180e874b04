"""/v1/ops/quarantine"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from matcher.api.once import OnceRoute, once
from matcher.api.requests import Before, Caller, Limit, Page, Transaction, link_next
from matcher.parties import require
from matcher.trading.quarantine import SetAside, quarantined, release

router = APIRouter(prefix="/v1/ops/quarantine", tags=["operators"], route_class=OnceRoute)


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[SetAside]:
    """The orders that the clearing passes over, and the error each made it meet. Operators only."""
    require(caller, "operator")
    found = quarantined(session, before=cursor, limit=limit)
    link_next(request, response, found, limit)
    return Page(items=list(found))


@router.post("/{order_id}/release", dependencies=[once])
def give_back(session: Transaction, caller: Caller, order_id: UUID) -> SetAside:
    """Give an order back to its book once the cause is mended; answers what it was set aside for."""
    require(caller, "operator")
    return release(session, order_id)

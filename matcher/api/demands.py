"""/v1/demands"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response

from matcher.api.once import OnceRoute, once
from matcher.api.requests import (
    Before,
    Caller,
    Configured,
    CropKey,
    IfMatch,
    Known,
    Limit,
    Page,
    Snapshot,
    Transaction,
    amendment_of,
    etag,
    link_next,
)
from matcher.book.demands import DemandPost, DemandView, amend_demand, demand_view, post_demand
from matcher.book.orders import get_order, list_orders, rank_earlier, withdraw
from matcher.contracts.track_record import head_start
from matcher.store.tables import Demand
from matcher.trading.explain.explain import explain
from matcher.trading.explain.explanation import Explanation
from matcher.trading.outlook import Outlook, outlook

router = APIRouter(prefix="/v1/demands", tags=["demands"], route_class=OnceRoute)


@router.post("", status_code=201, dependencies=[once])
def post(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    known: Known,
    configured: Configured,
    body: DemandPost,
    response: Response,
) -> DemandView:
    """Ask for a crop. Buyers only."""
    demand = post_demand(session, caller, body, known)
    rank_earlier(session, demand, head_start(session, caller, configured.head_start_seconds))
    response.headers["Location"] = f"/v1/demands/{demand.id}"
    etag(response, demand.version)
    return demand_view(demand)


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    state: Literal["open", "filled", "withdrawn", "expired"] | None = None,
    crop: CropKey = None,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[DemandView]:
    """Your demands, newest first; an operator sees everybody's."""
    demands = list_orders(session, Demand, caller, state=state, crop=crop, before=cursor, limit=limit)
    link_next(request, response, demands, limit)
    return Page(items=[demand_view(demand) for demand in demands])


@router.get("/{demand_id}")
def read(session: Transaction, caller: Caller, demand_id: UUID, response: Response) -> DemandView:
    demand = get_order(session, Demand, demand_id, caller)
    etag(response, demand.version)
    return demand_view(demand)


@router.patch("/{demand_id}", dependencies=[once], openapi_extra=amendment_of(DemandPost))
def amend(
    session: Transaction,
    caller: Caller,
    known: Known,
    demand_id: UUID,
    changes: Annotated[dict[str, Any], Body()],
    version: IfMatch,
    response: Response,
) -> DemandView:
    """Change an open demand: send only the fields that change. `If-Match` guards against a change between."""
    demand = amend_demand(session, caller, demand_id, changes, version, known)
    etag(response, demand.version)
    return demand_view(demand)


@router.post("/{demand_id}/withdraw", dependencies=[once])
def take_back(
    session: Transaction, caller: Caller, demand_id: UUID, version: IfMatch, response: Response
) -> DemandView:
    """Take what remains off the market; what is already matched stays matched."""
    demand = withdraw(session, Demand, demand_id, caller, version)
    etag(response, demand.version)
    return demand_view(demand)


@router.get("/{demand_id}/explain")
def explanation(session: Snapshot, caller: Caller, known: Known, demand_id: UUID) -> Explanation:
    """Why it was matched as it was, what kept others apart, and the smallest change that would help."""
    return explain(session, get_order(session, Demand, demand_id, caller), known.catalogue)


@router.get("/{demand_id}/outlook")
def tentative(session: Snapshot, caller: Caller, demand_id: UUID) -> Outlook:
    """What it would get if its book froze now: kg, prices, distances; no names, no promise."""
    return outlook(session, get_order(session, Demand, demand_id, caller))

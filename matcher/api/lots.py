"""/v1/lots"""

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
from matcher.book.lots import LotPost, LotView, amend_lot, lot_view, post_lot
from matcher.book.orders import get_order, list_orders, rank_earlier, withdraw
from matcher.contracts.track_record import head_start
from matcher.store.tables import Lot
from matcher.trading.explain.explain import explain
from matcher.trading.explain.explanation import Explanation
from matcher.trading.outlook import Outlook, outlook

router = APIRouter(prefix="/v1/lots", tags=["lots"], route_class=OnceRoute)


@router.post("", status_code=201, dependencies=[once])
def post(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    known: Known,
    configured: Configured,
    body: LotPost,
    response: Response,
) -> LotView:
    """Offer a lot. Producers only."""
    lot = post_lot(session, caller, body, known)
    rank_earlier(session, lot, head_start(session, caller, configured.head_start_seconds))
    response.headers["Location"] = f"/v1/lots/{lot.id}"
    etag(response, lot.version)
    return lot_view(lot)


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
) -> Page[LotView]:
    """Your lots, newest first; an operator sees everybody's."""
    lots = list_orders(session, Lot, caller, state=state, crop=crop, before=cursor, limit=limit)
    link_next(request, response, lots, limit)
    return Page(items=[lot_view(lot) for lot in lots])


@router.get("/{lot_id}")
def read(session: Transaction, caller: Caller, lot_id: UUID, response: Response) -> LotView:
    lot = get_order(session, Lot, lot_id, caller)
    etag(response, lot.version)
    return lot_view(lot)


@router.patch("/{lot_id}", dependencies=[once], openapi_extra=amendment_of(LotPost))
def amend(
    session: Transaction,
    caller: Caller,
    known: Known,
    lot_id: UUID,
    changes: Annotated[dict[str, Any], Body()],
    version: IfMatch,
    response: Response,
) -> LotView:
    """Change an open lot: send only the fields that change. `If-Match` guards against a change between."""
    lot = amend_lot(session, caller, lot_id, changes, version, known)
    etag(response, lot.version)
    return lot_view(lot)


@router.post("/{lot_id}/withdraw", dependencies=[once])
def take_back(
    session: Transaction, caller: Caller, lot_id: UUID, version: IfMatch, response: Response
) -> LotView:
    """Take what remains off the market; what is already matched stays matched."""
    lot = withdraw(session, Lot, lot_id, caller, version)
    etag(response, lot.version)
    return lot_view(lot)


@router.get("/{lot_id}/explain")
def explanation(session: Snapshot, caller: Caller, known: Known, lot_id: UUID) -> Explanation:
    """Why it was matched as it was, what kept others apart, and the smallest change that would help."""
    return explain(session, get_order(session, Lot, lot_id, caller), known.catalogue)


@router.get("/{lot_id}/outlook")
def tentative(session: Snapshot, caller: Caller, lot_id: UUID) -> Outlook:
    """What it would get if its book froze now: kg, prices, distances; no names, no promise."""
    return outlook(session, get_order(session, Lot, lot_id, caller))

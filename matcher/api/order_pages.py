"""/o, the page of an order, by the link in its notices."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from matcher.api.problem_page import RESPONSES
from matcher.api.requests import Known, Snapshot
from matcher.api.unlisted import UNLISTED
from matcher.book.page_link import order_by_page
from matcher.trading.order_page import order_page

pages = APIRouter(tags=["lots", "demands"], responses=RESPONSES)


@pages.get("/o/{page_key}", response_class=HTMLResponse)
def read_by_link(
    session: Snapshot,
    known: Known,
    page_key: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
    language: str = "",
) -> HTMLResponse:
    """How an order stands, and why, for whoever was sent its link; no key is needed."""
    order = order_by_page(session, page_key)
    return HTMLResponse(order_page(session, order, known.catalogue, language), headers=UNLISTED)

"""The HTTP service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI

from config.settings import Settings
from matcher.api import (
    amendments,
    callbacks,
    clearings,
    contacts,
    contracts,
    crops,
    demands,
    description,
    endpoints,
    events,
    frames,
    fulfilment,
    health,
    lots,
    matches,
    notices,
    order_pages,
    parties,
    places,
    problems,
    quarantine,
    verify,
)
from matcher.api.body_limit import BodyLimit
from matcher.api.head import Head
from matcher.api.in_flight import InFlight
from matcher.api.page_headers import PageHeaders
from matcher.api.parameters import known_parameters
from matcher.api.peer import Peer
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger

RESOURCES = (
    lots, demands, matches, clearings, contracts, amendments, fulfilment, verify, frames, endpoints,
    events, contacts, notices, callbacks, parties, crops, places, health, quarantine,
)  # fmt: skip


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description, problems included."""
        described = super().openapi()
        described["components"]["schemas"].update(problems.SCHEMAS)
        return described


def create_app(settings: Settings, ledger: Ledger, knowledge: Knowledge) -> FastAPI:
    """The service on one ledger, which it closes on shutting down."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        ledger.engine.dispose()

    app = _Service(
        title="Harvest matching",
        version="0.1.0",
        summary="Lots and demands in, matches and contracts out.",
        description="Prices are whole đồng per kg, quantities exact kg, days those of Asia/Ho_Chi_Minh.",
        lifespan=lifespan,
        responses=problems.RESPONSES,
        dependencies=[Depends(known_parameters)],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # such redirects go wherever the Host header says
    )
    app.state.settings = settings
    app.state.ledger = ledger
    app.state.knowledge = knowledge
    problems.install(app)
    app.add_middleware(InFlight)
    app.add_middleware(
        BodyLimit,
        most_bytes=256 * 1024,
        files=r"(/v1)?/verify|/v1/contracts/[^/]+/deliveries/\d+/attachments",
        most_file_bytes=10 * 1024 * 1024,
    )
    app.add_middleware(Head)
    app.add_middleware(PageHeaders, description=description.PATH)
    app.add_middleware(Peer)
    for resource in RESOURCES:
        app.include_router(resource.router)
    app.include_router(contracts.pages)
    app.include_router(contacts.pages)
    app.include_router(order_pages.pages)
    description.install(app)
    return app

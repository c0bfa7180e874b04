"""/v1/events: your events in order, in pages or as a stream of server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool

from matcher.api.requests import Caller, Configured, Limit, Transaction
from matcher.errors import Fault, Invalid
from matcher.notices.events import KINDS
from matcher.notices.feed import BeyondEnd, CloudEvent, Entry, feed
from matcher.store.session import Ledger
from matcher.store.tables import Party

router = APIRouter(tags=["notices"])
Position = Annotated[
    int, Query(ge=0, le=2**62, description="`next` of the page before; 0 from the beginning")
]

POLL_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15.0
STREAM_SECONDS = 600.0  # then the reader connects anew, by itself, and reads on


class EventPage(BaseModel):
    """Events, oldest first; ask again with `cursor=next`, at once if there were as many as the limit."""

    items: list[CloudEvent]
    next: str = Field(description="the cursor to read on from; it stays valid for ever")


class EventKind(BaseModel):
    """A kind of event, and the JSON Schema of its `data`."""

    type: str
    told: str = Field(description="who is told of it")
    data: dict[str, Any]


@router.get("/v1/event-kinds")
def read_kinds() -> list[EventKind]:
    """Every kind of event there is."""
    return [
        EventKind(type=kind, told=told, data=TypeAdapter(data).json_schema())
        for kind, (data, told) in KINDS.items()
    ]


@router.get("/v1/events", response_model=EventPage, responses={200: {"content": {"text/event-stream": {}}}})
def read(  # what FastAPI hands over
    request: Request,
    session: Transaction,
    caller: Caller,
    configured: Configured,
    cursor: Position = 0,
    limit: Limit = 50,
    last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,18}$")] = None,
    accept: Annotated[str, Header()] = "",
) -> Response | EventPage:
    """What you were told, oldest first; with `Accept: text/event-stream` alone as a stream that goes on."""
    after = cursor if last_event_id is None else int(last_event_id)
    try:
        entries = feed(session, caller, after, limit, configured.links_begin)
    except BeyondEnd as error:
        # A 4xx ends an EventSource for good: it would ask again for ever, and leave events out unseen.
        given = "cursor" if last_event_id is None else "Last-Event-ID"
        remedy = "Read on from the last one you were given, or from 0: each event keeps its id."
        raise Invalid(Fault(given, f"{after} is beyond your newest event", remedy)) from error
    # Who takes JSON too would wait in vain for the end of a page.
    if "text/event-stream" in accept and "application/json" not in accept:
        stream = _stream(request, caller, after, configured.links_begin)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
    last = entries[-1].position if entries else after
    return EventPage(items=[entry.event for entry in entries], next=str(last))


async def _stream(request: Request, party: Party, after: int, source: str) -> AsyncIterator[str]:
    """Holds neither a thread nor a connection while there is nothing to tell."""
    ledger: Ledger = request.app.state.ledger

    def look() -> Sequence[Entry]:
        with ledger.transaction() as session:
            return feed(session, party, after, 200, source)

    begun = said = time.monotonic()
    yield "retry: 2000\n\n"
    while time.monotonic() - begun < STREAM_SECONDS and not await request.is_disconnected():
        entries = await run_in_threadpool(look)
        for entry in entries:
            after = entry.position
            yield f"id: {after}\nevent: {entry.event.type}\ndata: {entry.event.model_dump_json()}\n\n"
        if entries:
            said = time.monotonic()
            continue
        if time.monotonic() - said > KEEP_ALIVE_SECONDS:
            said = time.monotonic()
            yield ": nothing new\n\n"
        await asyncio.sleep(POLL_SECONDS)

"""Lets in no more requests at a time than there are threads and database connections for, and answers all.

A request gives its place up when its answer begins, so that slow readers hold nobody up; it stands inside
the body limit, which has the whole body by then, so that slow senders do not either.
"""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.problems import problem
from matcher.errors import Unavailable

MOST_AT_ONCE = 30  # fewer than the 40 threads and the 40 connections: whoever is let in can always go on
PATIENCE_SECONDS = 15.0
ANSWER_WITHIN_SECONDS = 30.0  # longer than a lock is waited for

logger = logging.getLogger(__name__)


class InFlight:
    """ASGI middleware: requests beyond MOST_AT_ONCE wait for their turn, and get a 503 if it does not come.

    One that is let in and not answered in ANSWER_WITHIN_SECONDS, as its database is frozen, gets one too.
    It can not be called back, and keeps its place until it ends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.places = asyncio.Semaphore(MOST_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        try:
            await asyncio.wait_for(self.places.acquire(), PATIENCE_SECONDS)
        except TimeoutError:
            busy = Unavailable("Too many requests at once; nothing was changed.")
            return await problem(busy, scope)(scope, receive, send)
        place = _Place(self.places, send)
        handling = asyncio.ensure_future(self.app(scope, receive, place.answer))
        handling.add_done_callback(place.leave)
        await asyncio.wait({handling}, timeout=ANSWER_WITHIN_SECONDS)
        if handling.done() or place.begun:
            return await handling
        place.late = True
        late = Unavailable("No answer in time. This may yet be done: repeat it with its Idempotency-Key.")
        return await problem(late, scope)(scope, receive, send)


class _Place:
    """The place of one request, held until its answer begins or, where it is `late`, until it ends."""

    def __init__(self, places: asyncio.Semaphore, send: Send) -> None:
        self._places, self._send = places, send
        self._held = True
        self.begun = self.late = False

    async def answer(self, message: Message) -> None:
        if self.late:
            return
        self.begun = True
        self._give_up()
        await self._send(message)

    def leave(self, handling: "asyncio.Future[None]") -> None:
        self._give_up()
        if self.late and not handling.cancelled() and handling.exception() is not None:
            logger.error("a request that was answered late failed", exc_info=handling.exception())

    def _give_up(self) -> None:
        if self._held:
            self._held = False
            self._places.release()

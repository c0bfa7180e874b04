"""Lets in no more requests at a time than there are threads and database connections for."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.problems import problem
from matcher.errors import Unavailable

MOST_AT_ONCE = 30  # fewer than the 40 threads and the 40 connections: whoever is let in can always go on
PATIENCE_SECONDS = 15.0


class InFlight:
    """ASGI middleware: requests beyond MOST_AT_ONCE wait for their turn, and get a 503 if it does not come.

    A request gives its place up when its answer begins, so that slow readers hold nobody up; it stands
    inside the body limit, which has the whole body by then, so that slow senders do not either.
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
            return await problem(busy, scope["path"])(scope, receive, send)
        held = True

        def give_up() -> None:
            nonlocal held
            if held:
                held = False
                self.places.release()

        async def answer(message: Message) -> None:
            give_up()
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            give_up()
        return None

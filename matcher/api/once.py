"""`Idempotency-Key` over HTTP: a route whose writes are made once, however often they are sent."""

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from matcher.api.requests import Caller, Transaction
from matcher.idempotency import Answer, first_answer, keep_answer
from matcher.store.again import pause_before_again

KEPT_HEADERS = ("content-type", "etag", "location")


class Repeated(Exception):  # no error: it ends the handling because the answer is known
    """This request was answered before."""

    def __init__(self, answer: Answer) -> None:
        self.response = Response(answer.body, answer.status, dict(answer.headers))


async def _digest(request: Request) -> bytes:
    """What makes two requests the same: method, address, the version amended, and the body to the byte."""
    asked = f"{request.method} {request.url.path} {request.headers.get('if-match', '')}\n"
    return hashlib.sha256(asked.encode() + await request.body()).digest()


def _once(
    request: Request,
    session: Transaction,
    caller: Caller,
    digest: Annotated[bytes, Depends(_digest)],
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, description="repeat a request safely: see the docs on posting"),
    ] = None,
) -> None:
    if idempotency_key is None:
        return
    answered = first_answer(session, caller.id, idempotency_key, digest)
    if answered is not None:
        raise Repeated(answered)
    request.state.keep = lambda answer: keep_answer(session, caller.id, idempotency_key, answer)


once = Depends(_once)


class OnceRoute(APIRoute):
    """A route that keeps the answers of handlers with `dependencies=[once]`, before their commit.

    A request whose transaction lost to another's is handled anew, from its body on; nothing was sent yet.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            request.state.keep = None
            # FastAPI's own stack for what has scope="function", the transaction; one for each try.
            async with AsyncExitStack() as request.scope["fastapi_function_astack"]:
                try:
                    response = await handle(request)
                except Repeated as repeated:
                    return repeated.response
                if request.state.keep is not None:
                    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                    answer = Answer(response.status_code, kept, bytes(response.body))
                    await run_in_threadpool(request.state.keep, answer)
            return response

        async def handle_until_kept(request: Request) -> Response:
            for tries in itertools.count(1):
                try:
                    return await handle_once(request)
                except DBAPIError as error:
                    pause = pause_before_again(error, tries)
                    if pause is None:
                        raise
                await asyncio.sleep(pause)
            raise AssertionError  # counting does not end

        return handle_until_kept

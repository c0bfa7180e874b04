"""Refuses bodies over a limit before they are read whole."""

import re

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.problems import problem
from matcher.errors import TooLarge


class BodyLimit:
    """ASGI middleware: 413 once a body is announced, or turns out, longer than `most_bytes`.

    Paths that match `files` take a file, and so up to `most_file_bytes`.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, files: str, most_file_bytes: int) -> None:
        self.app, self.most_bytes, self.most_file_bytes = app, most_bytes, most_file_bytes
        self.files = re.compile(files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = self.most_file_bytes if self.files.fullmatch(scope["path"]) else self.most_bytes
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > most:
            return await _refusal(most, scope)(scope, receive, send)
        body, message = b"", await receive()
        while message["type"] == "http.request":
            body += message.get("body", b"")
            if len(body) > most:
                return await _refusal(most, scope)(scope, receive, send)
            if not message.get("more_body"):
                break
            message = await receive()
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, replay, send)
        return None


def _refusal(most: int, scope: Scope) -> Response:
    return problem(TooLarge(f"The body may have {most} bytes; send less at a time."), scope)

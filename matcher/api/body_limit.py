"""Refuses bodies over a limit before they are read whole."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.problems import problem
from matcher.errors import TooLarge


class BodyLimit:
    """ASGI middleware: 413 once a body is announced, or turns out, longer than `most_bytes`."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.most_bytes:
            return await self._refusal()(scope, receive, send)
        body, message = b"", await receive()
        while message["type"] == "http.request":
            body += message.get("body", b"")
            if len(body) > self.most_bytes:
                return await self._refusal()(scope, receive, send)
            if not message.get("more_body"):
                break
            message = await receive()
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, replay, send)
        return None

    def _refusal(self) -> Response:
        error = TooLarge(f"The body may have {self.most_bytes} bytes; post fewer orders at a time.")
        return problem(error, "")

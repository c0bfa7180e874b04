"""HEAD wherever there is GET, as every server is to have it (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Head:
    """ASGI middleware: HEAD is answered as GET is; the server itself sends no body then."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)

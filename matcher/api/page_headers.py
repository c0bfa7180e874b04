"""What browsers are told of every answer: show it as what it says it is, in no frame, and leak no link."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A link may be a key: it should not travel on.
    "Referrer-Policy": "no-referrer",
}
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAGE = f"{_NOTHING}; style-src 'unsafe-inline'; img-src data:"  # our pages have their style in them
DESCRIPTION = (
    f"{_NOTHING}; connect-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:"
)


class PageHeaders:
    """ASGI middleware. `description` is the path of the one page with scripts, that of the API."""

    def __init__(self, app: ASGIApp, description: str) -> None:
        self.app, self.description = app, description

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers[name] = value
                if headers.get("content-type", "").startswith("text/html"):
                    described = scope["path"] == self.description
                    headers["Content-Security-Policy"] = DESCRIPTION if described else PAGE
            await send(message)

        await self.app(scope, receive, answer)

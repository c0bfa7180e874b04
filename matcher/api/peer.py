"""Whom a request is from: the address a trusted proxy names, if it is one, or else the proxy's own."""

import os
from ipaddress import ip_address
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

TRUSTED = "FORWARDED_ALLOW_IPS"  # uvicorn's own variable


class Peer:
    """ASGI middleware in place of uvicorn's own, which takes any text for an address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.trusted = app, os.environ.get(TRUSTED, "127.0.0.1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        proxy = scope.get("client")

        async def known(named: Any, receive: Any, send: Any) -> None:
            if named.get("client"):
                address = _address(named["client"][0])
                named["client"] = (address, named["client"][1]) if address else proxy
            await self.app(named, receive, send)

        await ProxyHeadersMiddleware(known, self.trusted)(scope, receive, send)  # type: ignore[arg-type]


def _address(text: str) -> str | None:
    """The address as it is usually written, IPv4 within IPv6 as IPv4; None for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)

"""The connections webhooks leave by: in time, and never into the operator's own network.

An address that a party gives is its own; what is behind it may be ours. So a name is looked up once, only
public addresses are kept, and the connection is made to one of those, not to the name: whoever answers for
the name can not answer otherwise in between.

The timeouts of sockets begin anew with every byte: a receiver that answers one byte at a time could hold a
worker for days. So every read and write here gets what is left of the time for the whole exchange.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
# Those of one site (RFC 3879), and relays to 6to4 (RFC 7526): no more, but some networks know them still.
DEPRECATED = (ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("192.88.99.0/24"))
# Names that stand for nothing there (RFC 6761, 6762 with its appendix G, 7686, 8375, 9476, and ICANN's
# resolution 2024.07.29.06).
NOT_PUBLIC = (
    ".localhost", ".local", ".internal", ".home.arpa", ".test", ".example", ".invalid", ".onion", ".alt",
    ".lan", ".corp", ".home", ".intranet", ".private",
)  # fmt: skip
MOST_CONNECTIONS = 200  # more than there are threads that send
MOST_KEPT, KEPT_SECONDS = 100, 5.0

PROMPT_SECONDS = 0.001

_ends_at: ContextVar[float] = ContextVar("ends_at")
_waiting: ContextVar[Callable[[], AbstractContextManager[None]]] = ContextVar("waiting", default=nullcontext)


class AddressRefused(httpcore.ConnectError):
    """Nothing behind this name may be called."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Within the block, exchanges end after `seconds` in all, with httpx.TimeoutException."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


@contextmanager
def kept_waiting_by(waiting: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Within the block, what takes its time is done in a block of `waiting()`: to connect, and to hear."""
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)


def is_public(address: Address) -> bool:
    """Whether the address, or the IPv4 one that it stands for, is one of the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        meant = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if meant is None and address in NAT64:
            meant = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if meant is not None:
            return is_public(meant)
    if any(address in network for network in DEPRECATED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_elsewhere(host: str) -> bool:
    """Whether the host is plainly not on the open internet; of other names, name servers have the word later.

    An address is read as it is when a connection is made, in whatever way it is written.
    """
    name = host.casefold().rstrip(".")
    try:
        return not all(map(is_public, _addresses(name, 0, socket.AI_NUMERICHOST)))
    except httpcore.ConnectError:  # it is a name
        return "." not in name or f".{name}".endswith(NOT_PUBLIC)


class Backend(httpcore.SyncBackend):
    """Connects in what is left of the time; to public addresses only, unless private ones are allowed."""

    def __init__(self, *, private_allowed: bool) -> None:
        self._private_allowed = private_allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        with _waiting.get()():
            return self._connect(host, port, timeout, local_address, socket_options)

    def _connect(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[SocketOption] | None,
    ) -> httpcore.NetworkStream:
        allowed = [each for each in _addresses(host, port) if self._private_allowed or is_public(each)]
        if not allowed:
            raise AddressRefused(f"{host} is in a private network; only public addresses are called")
        last: Exception | None = None
        for address in allowed:
            try:
                connected = super().connect_tcp(
                    str(address), port, _left(timeout, httpcore.ConnectTimeout), local_address, socket_options
                )
                return TimedStream(connected)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        assert last is not None  # noqa: S101  # there was at least one address
        raise last


class TimedStream(httpcore.NetworkStream):
    """A connection on which the time of `within` runs out."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left(timeout, httpcore.ReadTimeout)
        if left is None or left > PROMPT_SECONDS:
            # Most have answered by the time one looks; only for the others it is worth to change hands.
            with suppress(httpcore.ReadTimeout):
                return self._stream.read(max_bytes, PROMPT_SECONDS)
        with _waiting.get()():
            return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        with _waiting.get()():
            return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def transport(*, private_allowed: bool) -> httpx.HTTPTransport:
    """A transport over such connections; certificates are verified as always."""
    made = httpx.HTTPTransport(trust_env=False)
    # httpx has no parameter for the backend of its pool.
    made._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(trust_env=False),
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=MOST_KEPT,
        keepalive_expiry=KEPT_SECONDS,
        network_backend=Backend(private_allowed=private_allowed),
    )
    return made


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """What is left of the time, at most `timeout`; raises `late` if nothing is."""
    ends_at = _ends_at.get(None)
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return left if timeout is None else min(timeout, left)


def _addresses(host: str, port: int, flags: int = 0) -> list[Address]:
    """What the name stands for, in the resolver's order. Raises ConnectError for a name unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    # A scope, as in fe80::1%eth0, is the resolver's affair.
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))

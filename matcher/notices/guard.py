"""Where webhooks may not go: into the operator's own network.

An address that a party gives is its own; what is behind it may be ours. So a name is looked up once, only
public addresses are kept, and the connection is made to one of those, not to the name: whoever answers for
the name can not answer otherwise in between.
"""

import ipaddress
import socket
from collections.abc import Iterable

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


class AddressRefused(httpcore.ConnectError):
    """Nothing behind this name may be called."""


def is_public(address: Address) -> bool:
    """Whether the address, or the IPv4 one that it stands for, is one of the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if within is None and address in NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_public(within)
    return address.is_global and not address.is_multicast and not address.is_reserved


class GuardedBackend(httpcore.SyncBackend):
    """Connects to public addresses only."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        allowed = [address for address in _addresses(host, port) if is_public(address)]
        if not allowed:
            raise AddressRefused(f"{host} is in a private network; webhooks go to public addresses only")
        last: Exception | None = None
        for address in allowed:
            try:
                return super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        assert last is not None  # noqa: S101  # there was at least one address
        raise last


def guarded_transport() -> httpx.HTTPTransport:
    """A transport that connects through the guard; certificates are verified as always."""
    transport = httpx.HTTPTransport(trust_env=False)
    # httpx has no parameter for the backend of its pool.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=GuardedBackend()
    )
    return transport


def _addresses(host: str, port: int) -> list[Address]:
    """What the name stands for, in the resolver's order. Raises ConnectError for a name unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    # A scope, as in fe80::1%eth0, is the resolver's affair.
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))

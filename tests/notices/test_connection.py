"""The guard: no webhook into a private network, however its address is dressed up."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.errors import Invalid
from matcher.notices.connection import is_public
from matcher.notices.connection import transport as new_transport
from matcher.notices.deliver import deliver
from matcher.notices.web_address import refuse_private
from matcher.store.session import Ledger
from tests.notices.certificate import own_certificate
from tests.notices.letters import answers, read, told


@pytest.fixture
def guarded() -> Iterator[httpx.HTTPTransport]:
    """The transport of an operator who has said nothing of private networks."""
    with new_transport(private_allowed=False) as guarded:
        yield guarded


def test_an_operator_has_to_say_so_before_webhooks_go_into_private_networks() -> None:
    assert Settings().private_addresses_allowed is False


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2002:a00:1::", "fec0::1", "192.88.99.1", "::ffff:192.88.99.1", "2001:0:0:0:0:0:80ff:fffe",
    ],
)  # fmt: skip
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "203.162.4.191", "2405:4800::1", "64:ff9b::808:808"])
def test_addresses_of_the_open_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_a_webhook_to_this_machine_is_refused_and_says_why(
    ledger: Ledger, settings: Settings, guarded: httpx.HTTPTransport, receiver: WebhookReceiver, host: str
) -> None:
    port = receiver.url.split(":")[2]
    delivery_id = told(ledger, url=f"http://{host}:{port}")
    deliver(ledger, settings, guarded)
    (answer,) = answers(read(ledger, delivery_id))
    assert "private network" in answer or "no answer" in answer, answer
    assert receiver.received == []
    assert read(ledger, delivery_id).state == "due"


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "10.0.0.1", "[::1]:80", "[::ffff:10.0.0.1]", "127.1", "2130706433", "0x7f000001",
        "0177.0.0.1", "0", "127.0.0.1.", "①②⑦.⓪.⓪.①", "localhost", "LocalHost", "localhost.", "erp.localhost",
        "erp.local", "erp", "erp.internal", "router.home.arpa", "erp.test",
        "printer.lan", "erp.corp", "home.arpa", "nas.home", "erp.intranet", "erp.private.",
    ],
)  # fmt: skip
def test_an_endpoint_that_is_plainly_private_is_refused_at_once(host: str) -> None:
    with pytest.raises(Invalid, match="private network"):
        refuse_private(f"http://{host}/hook")


@pytest.mark.parametrize(
    "host",
    ["erp.example.vn", "203.162.4.191", "[2405:4800::1]", "localhost.example.vn", "corp.vn", "home-arpa.vn"],
)
def test_an_endpoint_that_may_be_public_is_not(host: str) -> None:
    refuse_private(f"https://{host}/hook")


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    ledger: Ledger,
    settings: Settings,
    guarded: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that answers publicly first and privately afterwards is asked once."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, *given: Any, **named: Any) -> Any:
        if host != "rebind.example":
            return real(host, *given, **named)
        asked.append(host)
        # 192.0.0.9 is public by its registry, and nothing of ours answers there.
        address = "192.0.0.9" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, given[0]))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = receiver.url.split(":")[2].split("/")[0]
    hasty = settings.model_copy(update={"delivery_timeout_seconds": 0.5})
    told(ledger, url=f"http://rebind.example:{port}/")
    deliver(ledger, hasty, guarded)
    assert asked == ["rebind.example"]
    assert receiver.received == []


def test_of_several_addresses_only_the_public_ones_are_called(
    guarded: httpx.HTTPTransport, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def private_only(_host: Any, port: Any, *_: Any, **__: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("10.0.0.1", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", private_only)
    with pytest.raises(httpx.ConnectError, match="private network"):
        guarded.handle_request(httpx.Request("POST", receiver.url.replace("127.0.0.1", "inside.example")))
    assert receiver.received == []


def test_a_redirect_into_a_private_network_is_not_followed(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    receiver.behaviour = "redirecting"
    delivery_id = told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 1
    assert answers(read(ledger, delivery_id))[0].startswith("307")


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, tmp_path: Path
) -> None:
    received: list[bytes] = []
    with _tls_server(tmp_path, received) as port:
        delivery_id = told(ledger, url=f"https://localhost:{port}/")
        deliver(ledger, settings, transport)
    assert "certificate" in answers(read(ledger, delivery_id))[0].lower()
    assert received == []


@contextmanager
def _tls_server(folder: Path, received: list[bytes]) -> Iterator[int]:
    """One connection, with a certificate that it has made for itself; what is said to it is `received`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(folder))

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                received.append(secured.recv(100))
        except (ssl.SSLError, ConnectionError):
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()

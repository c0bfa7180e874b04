import socket
import threading
from collections.abc import Iterator

import pytest

from chaos.proxy import Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before a server that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=echo_on, args=(server,), daemon=True).start()
        with Proxy("127.0.0.1", server.getsockname()[1]) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)


def echo_on(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(client,), daemon=True).start()


def echo(client: socket.socket) -> None:
    with client:
        try:
            while data := client.recv(1024):
                client.sendall(data)
        except ConnectionError:
            return


def connect(proxy: Proxy, timeout: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout)


def says_back(client: socket.socket) -> bool:
    client.sendall(b"na")
    return client.recv(1024) == b"na"


def test_what_goes_in_comes_out_also_after_everything_was_done_and_undone(proxy: Proxy) -> None:
    proxy.cut()
    proxy.silence()
    proxy.restore()
    with connect(proxy) as client:
        assert says_back(client)


def test_a_cut_ends_connections_and_takes_no_new_ones(proxy: Proxy) -> None:
    with connect(proxy) as client:
        assert says_back(client)
        proxy.cut()
        assert client.recv(1024) == b""
    with connect(proxy) as client:
        assert client.recv(1024) == b""


def test_a_reset_is_felt_as_one(proxy: Proxy) -> None:
    with connect(proxy) as client:
        assert says_back(client)
        proxy.end_all(reset=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1024)


def test_silence_holds_bytes_back_and_loses_none(proxy: Proxy) -> None:
    with connect(proxy, timeout=0.2) as client:
        assert says_back(client)
        proxy.silence()
        client.sendall(b"na")
        with pytest.raises(TimeoutError):
            client.recv(1024)
        proxy.restore()
        client.settimeout(10)
        assert client.recv(1024) == b"na"

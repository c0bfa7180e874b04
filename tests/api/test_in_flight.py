"""Many at once, and slow ones among them: everybody gets an answer."""

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from config.settings import Settings
from matcher.parties import add_key
from matcher.store.session import Ledger
from matcher.store.tables import Lot
from tests.api.conftest import Api
from tests.market import lot_body, party
from tests.servers.helpers import eventually
from workers.embedded import free_port


@pytest.fixture
def web(settings: Settings, ledger: Ledger) -> Iterator[httpx.Client]:
    """A client of a web process of its own, as a new producer; in one process the two would take turns."""
    port = free_port()
    environment = {**os.environ, **settings.as_environment(), "MATCHER_PORT": str(port)}
    command = [str(Path(sys.executable).parent / "matcher"), "web"]
    with ledger.transaction() as session:
        headers = {"Authorization": f"Bearer {add_key(session, party(session, 'producer'))}"}
    limits = httpx.Limits(max_connections=300)
    with (
        subprocess.Popen(command, env=environment) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=90, limits=limits
        ) as client,
    ):
        eventually(lambda: answers(client))
        yield client
        process.terminate()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_three_hundred_that_post_at_once_are_all_answered(web: httpx.Client, ledger: Ledger) -> None:
    with ThreadPoolExecutor(300) as threads:
        posted = threads.map(lambda _: web.post("/v1/lots", json=lot_body()).status_code, range(600))
        assert Counter(posted) == {201: 600}
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == 600


def test_senders_that_never_finish_hold_up_nobody(api: Api) -> None:
    address = (str(api.base_url.host), int(api.base_url.port or 0))
    half = b"POST /v1/lots HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"
    with ExitStack() as held:
        for _ in range(100):
            held.enter_context(socket.create_connection(address)).sendall(half)
        assert api.get("/v1/crops").status_code == 200

"""Deliveries to many endpoints, some of which hang or fail, against bare httpx posting the same bodies.

`python -m bench.deliveries`: of 1,000 endpoints 5 % hang and 5 % answer 500. The receiver is a process of its
own, and both sides have two. The peer posts from as many threads over connections that are kept as well, but
to the honest endpoints only, and knows no ledger: nothing is claimed, signed or recorded.
"""

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from sqlalchemy import func, select

from config.settings import Settings
from matcher.notices.connection import transport
from matcher.notices.deliver import deliver
from matcher.notices.endpoints import add_endpoint
from matcher.notices.record import record
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Endpoint
from tests.market import party
from tests.notices.letters import match_made
from workers.servers import servers

PROCESSES = 2
PEER_THREADS = 16  # with more it is slower
ENDPOINTS, HANGING, FAILING = 1000, 50, 50
HEALTHY = ENDPOINTS - HANGING - FAILING
PEER_POSTS = 20_000


class Receiver(asyncio.Protocol):
    """Answers 200; 500 below /failing/, never below /hanging/."""

    def connection_made(self, made: asyncio.BaseTransport) -> None:
        self._to: asyncio.BaseTransport = made
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._heard = body[length:]
        if b" /hanging/" in head[:40]:
            return
        status = b"500 No" if b" /failing/" in head[:40] else b"200 OK"
        assert isinstance(self._to, asyncio.Transport)
        self._to.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")


def receive(connection: Connection) -> None:
    """A receiver until the process is ended; says its port."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1024)
        connection.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def addresses(port: int) -> list[str]:
    """Of all endpoints, in the order in which they are made; sick ones stand among the honest."""
    every = ENDPOINTS // HANGING
    kinds = [
        "hanging" if each % every == 0 else "failing" if each % every == 1 else "honest"
        for each in range(ENDPOINTS)
    ]
    return [f"http://127.0.0.1:{port}/{kind}/{each}" for each, kind in enumerate(kinds)]


def work(settings: Settings, connection: Connection) -> None:
    """What a worker does, until told to stop; says how much memory it took, in MiB."""
    ledger = Ledger(settings)
    with transport(private_allowed=True) as sending:
        while not connection.poll(0.05):
            deliver(ledger, settings, sending, connection.poll)
    connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peer(port: int, posts: int, body: bytes, connection: Connection) -> None:
    """Posts so many, and says when it began and ended."""
    urls = [url for url in addresses(port) if "/honest/" in url]
    with (
        httpx.Client(transport=transport(private_allowed=True)) as client,
        ThreadPoolExecutor(PEER_THREADS) as threads,
    ):
        connection.recv()
        begun = time.monotonic()
        for answer in threads.map(
            lambda each: client.post(urls[each % len(urls)], content=body), range(posts)
        ):
            answer.raise_for_status()
        connection.send((begun, time.monotonic()))


def post_bare(port: int, body: bytes) -> float:
    """Posts a second."""
    ends = []
    for _ in range(PROCESSES):
        ours, theirs = multiprocessing.Pipe()
        multiprocessing.get_context("spawn").Process(
            target=peer, args=(port, PEER_POSTS // PROCESSES, body, theirs)
        ).start()
        ends.append(ours)
    for each in ends:
        each.send("go")
    spans: list[tuple[float, float]] = [each.recv() for each in ends]
    return PEER_POSTS / (max(end for _, end in spans) - min(begin for begin, _ in spans))


def tell(ledger: Ledger, port: int, deliveries: int) -> None:
    """So many deliveries due, spread evenly."""
    with ledger.transaction() as session:
        parties = []
        for url in addresses(port):
            parties.append(party(session, "buyer"))
            add_endpoint(session, parties[-1], url)
    for _ in range(deliveries // ENDPOINTS):
        with ledger.transaction() as session:
            record(session, [match_made(each) for each in parties])
    alone = ledger.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def healthy_due(ledger: Ledger) -> int:
    with ledger.transaction() as session:
        honest = select(Endpoint.id).where(Endpoint.url.contains("/honest/"))
        due = (Delivery.state == "due") & Delivery.endpoint_id.in_(honest)
        return session.scalar(select(func.count()).where(due)) or 0


def run(settings: Settings, port: int, deliveries: int) -> tuple[float, float]:
    """Deliveries a second to those that are honest, until they have everything; MiB of the larger worker."""
    ledger = Ledger(settings)
    with ledger.transaction() as session:
        session.connection().exec_driver_sql("TRUNCATE party, event CASCADE")
    tell(ledger, port, deliveries)
    workers = []
    begun = time.monotonic()
    for _ in range(PROCESSES):
        ours, theirs = multiprocessing.Pipe()
        multiprocessing.get_context("spawn").Process(target=work, args=(settings, theirs)).start()
        workers.append(ours)
    healthy = deliveries // ENDPOINTS * HEALTHY
    while healthy_due(ledger):
        time.sleep(0.2)
    took = time.monotonic() - begun
    for worker in workers:
        worker.send("stop")
    memory = max(worker.recv() for worker in workers)
    ledger.engine.dispose()
    return healthy / took, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    port = ours.recv()
    with tempfile.TemporaryDirectory(prefix="matcher-bench-") as folder:
        own = Settings(
            database_url=None,
            redis_url=None,
            data_folder=Path(folder),
            port=0,
            private_addresses_allowed=True,
        )
        with servers(own) as settings:
            ledger = Ledger(settings)
            migrate(ledger)
            ledger.engine.dispose()
            print("| deliveries due | to honest endpoints/s | bare httpx/s | ratio | MiB a worker |")
            print("|---|---|---|---|---|")
            for deliveries in chosen.deliveries:
                told, memory = run(settings, port, deliveries)
                bare = post_bare(port, b"x" * 480)
                print(
                    f"| {deliveries:,} | {told:,.0f} | {bare:,.0f} | {told / bare:.2f} | {memory:.0f} |",
                    flush=True,
                )
    receiver.terminate()


if __name__ == "__main__":
    main()

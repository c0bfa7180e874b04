"""How fast the service is: posting, matching and telling, each beside the least that could do the same.

`make bench` starts the whole service on servers of its own and prints a table of docs/performance.md.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import redis
from sqlalchemy import delete, select, text

from bench.noop import DONE, noop_app
from config.settings import Settings
from matcher.parties import PartyPost, add_key, add_party
from matcher.store.session import Ledger
from matcher.store.tables import Base, Lot, Match
from tests.market import demand_body, lot_body
from workers.bell import bell
from workers.up import running_service

STANDING = (0, 1_000, 10_000)  # open lots in the book that find no partner
KEPT = ("party", "api_key", "endpoint", "heartbeat")
ITS_OWN = ("id", "page_key", "remaining_g")
COLUMNS = ", ".join(c.name for c in Lot.__table__.columns if c.name not in ITS_OWN)
NEW = "gen_random_uuid()"
COPY_LOT = f"INSERT INTO lot (id, page_key, {COLUMNS}) SELECT {NEW}, {NEW}, {COLUMNS} FROM lot"  # noqa: S608
POSTS, PAIRS, ROUND_TRIPS = 200, 15, 50


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="harvest-bench-") as folder:
        own = Settings(
            database_url=None,
            redis_url=None,
            data_folder=Path(folder),
            port=0,
            private_addresses_allowed=True,
        )
        with running_service(own) as settings:
            service = Service(settings)
            print("| what | open lots | ms | limit | ms | ratio |\n|---|---|---|---|---|---|")
            for size in STANDING:
                service.fill_book(size)
                posting, commit = service.post_one(), service.insert_one()
                show("a lot posted over HTTP", size, posting, "its row committed by psycopg", commit)
            with noop(settings) as there_and_back:
                trip = median(there_and_back, ROUND_TRIPS)
                for size in STANDING:
                    service.fill_book(size)
                    show(
                        "posted to matched", size, service.match_one(), "a Celery no-op, there and back", trip
                    )


def show(what: str, size: int, seconds: float, limit: str, least: float) -> None:
    print(
        f"| {what} | {size:,} | {seconds * 1e3:.2f} | {limit} | {least * 1e3:.2f} | {seconds / least:.1f} |"
    )


class Service:
    """The running service with a producer and a buyer of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ledger = Ledger(settings, bell(settings))
        with self.ledger.transaction() as session:
            self.producer = add_party(session, PartyPost(kind="producer", name="Hợp tác xã"))
            self.buyer = add_party(session, PartyPost(kind="buyer", name="Chợ đầu mối"))
            keys = add_key(session, self.producer), add_key(session, self.buyer)
        self.clients = [self._client(key) for key in keys]

    def _client(self, key: str) -> httpx.Client:
        address = f"http://{self.settings.host}:{self.settings.port}"
        return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def fill_book(self, size: int) -> None:
        """Leaves `size` open lots of longan in the book, all too dear for any bid here."""
        self.empty()
        self.posted("/v1/lots", lot_body(crop="longan", ask=900_000))
        with self.ledger.transaction() as session:
            copies = text(f"{COPY_LOT} CROSS JOIN generate_series(2, :size)")
            session.execute(copies if size else delete(Lot), {"size": size})

    def empty(self) -> None:
        """Forgets everything but who trades."""
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables if table.name not in KEPT)
        # Anew where the sweep is just reading them in another order.
        self.ledger.run(lambda session: session.execute(text(f"TRUNCATE {tables} CASCADE")))

    def posted(self, path: str, body: dict[str, object]) -> UUID:
        client = self.clients[path == "/v1/demands"]
        return UUID(client.post(path, json=body).raise_for_status().json()["id"])

    def post_one(self) -> float:
        """Seconds of one POST of a lot, the median."""
        return median(lambda: self.posted("/v1/lots", lot_body(crop="longan", ask=900_000)), POSTS)

    def insert_one(self) -> float:
        """Seconds of the same row written and committed with nothing around it, the median."""
        url = str(self.settings.database_url).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            return median(lambda: connection.execute(f"{COPY_LOT} LIMIT 1".encode()), POSTS)

    def match_one(self) -> float:
        """Seconds from posting a demand that fits one lot until their match is committed, the median."""
        return median(
            self._match_one, PAIRS, prepare=lambda: self.posted("/v1/lots", lot_body(crop="longan"))
        )

    def _match_one(self) -> None:
        demand = self.posted("/v1/demands", demand_body(crop="longan"))
        while not self._matched(demand):
            time.sleep(0.001)

    def _matched(self, demand: UUID) -> bool:
        with self.ledger.transaction() as session:
            return bool(session.scalar(select(Match.id).where(Match.demand_id == demand)))


def median(work: Callable[[], object], times: int, prepare: Callable[[], object] = lambda: None) -> float:
    """Seconds of `work`, the median of `times`; one more before is not counted."""
    measured = []
    for _ in range(times + 1):
        prepare()
        measured.append(seconds(work))
    return statistics.median(measured[1:])


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, once."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def noop(settings: Settings) -> Iterator[Callable[[], None]]:
    """Sends a Celery task that does nothing to a worker of its own; returns when its mark is read back."""
    app = noop_app(str(settings.redis_url))
    command = [sys.executable, "-m", "bench.noop", str(settings.redis_url)]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker,
        redis.Redis.from_url(str(settings.redis_url), socket_timeout=60) as client,
    ):

        def there_and_back() -> None:
            app.send_task("noop")
            if client.blpop([DONE], 30) is None:
                raise TimeoutError("the no-op worker does not answer")

        try:
            there_and_back()  # waits for the worker to start
            yield there_and_back
        finally:
            worker.terminate()


if __name__ == "__main__":
    main()

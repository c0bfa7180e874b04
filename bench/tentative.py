"""How long an order waits for its outlook: posted into a large book that is held, until the ledger has it.

Part of `make bench`. The book is a generated one (bench/clearing/books.py) of a crop with a hold of a day.
The time runs from the commit of the order's row to the commit of the first clearing that knows it, both as
PostgreSQL has them on record. Beside it stands how many of the orders are shown then the very kilograms that
they have in the end, and how long it takes until nothing is put off any more; then the next order is posted.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import insert, update

from bench.clearing.books import TODAY, book
from bench.service import ROUND_TRIPS, Service, median, noop, seconds
from config.settings import Settings
from matcher.book.orders import book_changed
from matcher.catalogue import load_catalogue
from matcher.clearing import Demands, Lots
from matcher.clock import now, today
from matcher.store.identifiers import uuid7
from matcher.store.tables import Demand, Lot
from matcher.trading.numbers import first_departure, key_of
from matcher.trading.record.link import unpack_link
from tests.market import demand_body, lot_body
from workers.servers import servers
from workers.up import running_service

FAMILY, CROP, QUALITY = "scarce supply", "star_anise", ("broken", "whole", "whole_selected")
HEADS = (
    "open orders", "cleared whole, s", "posted to outlook, ms", "95 %", "shows the kg of the end",
    "until all is settled, ms", "95 %", "a Celery no-op after each, ms", "ratio", "many in a row, ms",
)  # fmt: skip
SIZES = (1_000, 10_000, 100_000)  # open orders, half of them lots
ORDERS, WARMING = 60, 8  # posted at each size
PATIENCE = 300  # seconds, for the clearing of the whole book
ORDER_COLUMNS = {"quantity_g": "quantity", "latitude": "latitude", "longitude": "longitude"}
LOT_COLUMNS = ORDER_COLUMNS | {
    "ask": "ask", "grade": "grade", "harvest_from": "harvest_from", "harvest_until": "harvest_until",
}  # fmt: skip
DEMAND_COLUMNS = ORDER_COLUMNS | {
    "bid": "bid", "min_grade": "min_grade", "deliver_from": "deliver_from", "deliver_until": "deliver_until",
    "max_distance_m": "max_distance",
}  # fmt: skip
ROW = "SELECT cleared_version, version FROM book WHERE crop = %s"
CLEARED = """
    SELECT min(pg_xact_commit_timestamp(xmin)), max(pg_xact_commit_timestamp(xmin))
    FROM clearing WHERE crop = %s AND book_version >= %s
"""
FIRST = (
    "SELECT input, result FROM clearing WHERE crop = %s AND book_version >= %s ORDER BY book_version LIMIT 1"
)
LAST = "SELECT coalesce(sum(quantity_g), 0)::bigint FROM tentative_match WHERE %s IN (lot_id, demand_id)"


def main(sizes: Sequence[int] = SIZES) -> None:
    print(f"| {' | '.join(HEADS)} |", "|--:" * len(HEADS) + "|", sep="\n")
    temporary = tempfile.TemporaryDirectory(prefix="harvest-bench-")
    with temporary as folder:
        settings = held(Path(folder))
        with servers(settings), (settings.data_folder / "postgresql" / "postgresql.conf").open("a") as file:
            file.write("track_commit_timestamp = on\n")
        with running_service(settings) as settings:
            service = Service(settings)
            for size in sizes:
                measure(service, size)


def measure(service: Service, size: int) -> None:
    first = leaving(service)
    whole = fill(service, size // 2, first)
    # The first few are not counted: each worker process has to build the book once.
    waits: list[tuple[float, float, bool]] = []
    trips: list[float] = []
    with noop(service.settings) as there_and_back:
        for number in range(-WARMING, ORDERS):
            waits.append(waits_of(service, number, first))
            trips.append(seconds(there_and_back))
        in_a_row = median(there_and_back, ROUND_TRIPS)
    soon, settled, same = zip(*waits[WARMING:], strict=True)
    trip = statistics.median(trips[WARMING:])
    cells = [
        f"{size:,}", f"{whole:.1f}", *_times(soon), f"{statistics.mean(same):.0%}", *_times(settled),
        f"{1e3 * trip:.2f}", f"{statistics.median(soon) / trip:.1f}", f"{1e3 * in_a_row:.2f}",
    ]  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


def _times(seconds: Sequence[float]) -> tuple[str, str]:
    """The median and what 95 % of them stay below, in ms."""
    return f"{1e3 * statistics.median(seconds):.1f}", f"{1e3 * statistics.quantiles(seconds, n=20)[-1]:.1f}"


def held(folder: Path) -> Settings:
    """Settings of a service of its own, whose crop is held for a day."""
    given = Settings()
    shutil.copytree(given.config_folder, folder / "config")
    crops = folder / "config" / "crops.yaml"
    text = crops.read_text()
    crops.write_text(text.replace(f"  - key: {CROP}\n", f"  - key: {CROP}\n    hold_minutes: 1440\n"))
    return given.model_copy(
        update={
            "config_folder": folder / "config",
            "database_url": None,
            "redis_url": None,
            "data_folder": folder / "data",
            "port": 0,
        }
    )


def fill(service: Service, each: int, first: date) -> float:
    """Puts a generated book of `each` lots and demands there; seconds of its clearing."""
    service.empty()
    rows = generated(service, each, first)
    begun = time.perf_counter()
    with service.ledger.transaction() as session:
        for table, values in zip((Lot, Demand), rows, strict=True):
            session.execute(insert(table), values)
        version = book_changed(session, CROP)
        for table in (Lot, Demand):
            session.execute(update(table).values(changed_in=version))
    begun = time.perf_counter()
    with connected(service.settings) as connection:
        wait_for(connection, version, PATIENCE)
    return time.perf_counter() - begun


def generated(service: Service, each: int, first: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of lots and of demands, posted one by one within the last hour."""
    lots, demands, _ = book(FAMILY, each, seed=1)
    until = today() + timedelta(days=60)
    common = {"crop": CROP, "place_name": "Lạng Sơn", "expires_on": until, "state": "open"}
    offered = {"party_id": service.producer.id, "storage": "ambient", "certificates": [], "forecast": False}
    wanted = {
        "party_id": service.buyer.id, "varieties": [], "certificates_required": [], "market": "VN",
        "min_shelf_life_days": 0,
    }  # fmt: skip
    return (
        [common | offered | row for row in rows(lots, LOT_COLUMNS, first)],
        [common | wanted | row for row in rows(demands, DEMAND_COLUMNS, first)],
    )


def leaving(service: Service) -> date:
    """The first day of the book: with a day of the past in it, it would be another one every afternoon."""
    catalogue = load_catalogue(service.settings.config_folder)
    return first_departure(now(), catalogue.tariff.departure_hour)


def rows(table: Lots | Demands, names: dict[str, str], first: date) -> Iterator[dict[str, Any]]:
    begun = now() - timedelta(hours=1)
    columns = {column: getattr(table, name).tolist() for column, name in names.items()}
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        row = dict(zip(columns, values, strict=True))
        for column, value in row.items():
            if column.endswith("grade"):
                row[column] = QUALITY[value % 3]
            elif column.endswith(("_from", "_until")):
                row[column] = first + timedelta(days=value - TODAY)
        at = begun + timedelta(hours=number / len(table))
        yield {"id": uuid7(), "posted_at": at, "changed_at": at} | row


def post(service: Service, number: int, day: date) -> UUID:
    """Posts one order more, lots and demands in turn, like those of bench/clearing/books.py."""
    random = np.random.default_rng(WARMING + number)
    begin, end = day, day + timedelta(days=3)
    picked, due = (
        {f"{name}_from": begin.isoformat(), f"{name}_until": end.isoformat()}
        for name in ("harvest", "deliver")
    )
    said = {
        "crop": CROP, "quantity_kg": int(np.exp(random.uniform(np.log(200), np.log(20_000)))),
        "place": {"latitude": random.uniform(9, 23), "longitude": random.uniform(103, 109)},
    }  # fmt: skip
    ask, bid = int(random.normal(20_000, 3_000)), int(random.normal(26_000, 3_000))
    if number % 2:
        return service.posted("/v1/lots", lot_body(grade=QUALITY[1], ask=ask, **picked, **said))
    return service.posted("/v1/demands", demand_body(min_grade=QUALITY[2], bid=bid, **due, **said))


def waits_of(service: Service, number: int, day: date) -> tuple[float, float, bool]:
    """Seconds from the commit of an order to that of a clearing with it, and of one that put nothing off.

    Then, whether the first of them gave the order the very kilograms that the last did.
    """
    with connected(service.settings) as connection:
        order = post(service, number, day)
        kind = "lot" if number % 2 else "demand"
        query = f"SELECT changed_in, pg_xact_commit_timestamp(xmin) FROM {kind} WHERE id = %s"  # noqa: S608
        row = connection.execute(query.encode(), (order,)).fetchone()
        assert row is not None
        version, posted = row
        wait_for(connection, None, PATIENCE)
        first, last = connection.execute(CLEARED, (CROP, version)).fetchone() or (None, None)
        same = _own(connection, kind, order, version) == connection.execute(LAST, (order,)).fetchone()
        return (first - posted).total_seconds(), (last - posted).total_seconds(), same


def _own(connection: psycopg.Connection[Any], kind: str, order: UUID, version: int) -> tuple[int]:
    """What the first clearing that knows a new order gave it, in g; that of a whole book is none of them."""
    row = connection.execute(FIRST, (CROP, version)).fetchone()
    assert row is not None
    result = unpack_link(*row).result
    return (int(result["quantity"][result[kind] == key_of(order)].sum()),)


def wait_for(connection: psycopg.Connection[Any], version: int | None, seconds: float) -> None:
    """Returns once the book's changes up to `version` are cleared; None: all of them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = connection.execute(ROW, (CROP,)).fetchone()
        if row is not None and row[0] >= (row[1] if version is None else version):
            return
        time.sleep(0.02)  # often enough: when it was is read from the ledger afterwards
    raise TimeoutError(f"the book was not cleared up to version {version} within {seconds:.0f} s")


@contextmanager
def connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    url = str(settings.database_url).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)

"""How long an owner waits to be told why: an order of a large book that is held is explained over HTTP.

Part of `make bench`. The book is a generated one, as in bench/tentative.py, in which some orders more are
posted; so what is explained is folded from the clearing of the whole book and the changes since. The limit
beside it is that book's stored input, read and unpacked once. Replay is of the clearing of the whole book.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from bench.service import Service, median, seconds
from bench.tentative import PATIENCE, SIZES, connected, fill, held, leaving, post, wait_for
from matcher.store.tables import Clearing, Lot
from matcher.trading.record.record import unpack
from matcher.trading.record.replay import replay
from workers.up import running_service

HEADS = (
    "open orders", "changes since", "explained, ms", "95 %", "its input unpacked, ms", "ratio",
    "replayed, s", "cleared whole, s", "ratio",
)  # fmt: skip
POSTED, EXPLAINED, UNPACKED = 20, 20, 3


def main(sizes: Sequence[int] = SIZES) -> None:
    print(f"| {' | '.join(HEADS)} |", "|--:" * len(HEADS) + "|", sep="\n")
    with (
        tempfile.TemporaryDirectory(prefix="harvest-bench-") as folder,
        running_service(held(Path(folder))) as settings,
    ):
        service = Service(settings)
        for size in sizes:
            measure(service, size)


def measure(service: Service, size: int) -> None:
    first = leaving(service)
    whole = fill(service, size // 2, first)
    with connected(service.settings) as connection:
        for number in range(POSTED):
            post(service, number, first)
            wait_for(connection, None, PATIENCE)
    with service.ledger.transaction() as session:
        lots = session.scalars(select(Lot.id).order_by(Lot.id.desc()).limit(EXPLAINED + 1)).all()
        base, *links = session.scalars(select(Clearing.id).order_by(Clearing.link)).all()
        again = seconds(lambda: replay(session, base))
    waits = [seconds(partial(explained, service, lot)) for lot in lots][1:]  # the first loads the code
    limit = median(lambda: unpacked(service, base), UNPACKED)
    middle, most = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    cells = [
        f"{size:,}", f"{len(links):,}", f"{1e3 * middle:.0f}", f"{1e3 * most:.0f}",
        f"{1e3 * limit:.1f}", f"{middle / limit:.1f}", f"{again:.1f}", f"{whole:.1f}", f"{again / whole:.1f}",
    ]  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


def explained(service: Service, lot: UUID) -> None:
    said = service.clients[0].get(f"/v1/lots/{lot}/explain").raise_for_status().json()
    assert said["considered"]


def unpacked(service: Service, base: UUID) -> None:
    with service.ledger.transaction() as session:
        unpack(session.get_one(Clearing, base, options=[undefer(Clearing.input)]).input)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)

"""What one change costs a book that stands solved, by size, beside a clearing of the whole book.

python -m bench.clearing.standing --size 10000

A size is the open orders, half lots and half demands. The time is all of `Standing.settle`, Python included.
Beside it stand the whole clearing of the same book, and a limit: one pass over the arcs that the book stands
on, adding up what each lacks to gain, which anything that looks at every arc once would need.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bench.clearing.books import book, with_terms
from matcher.clearing import Demands, Lots
from matcher.clearing.standing.change import Change, Keys
from matcher.clearing.standing.standing import Standing
from matcher.trading.record.subset import subset

WHAT = ("arrival", "amendment", "withdrawal")
SHARE = 0.3
SEED = 1
HEADS = (
    "open orders", "with terms", "whole clearing, s", "one pass over the arcs, ms",
    *(f"{what}, ms, {part}" for what in WHAT for part in ("median", "99 %", "worst")), "cleared anew",
)  # fmt: skip


class Measured(NamedTuple):
    size: int
    share: float
    whole: float  # s
    one_pass: float  # s
    settled: dict[str, list[float]]  # s
    anew: int  # changes that had the whole book cleared

    @property
    def row(self) -> str:
        times = [
            f"{1000 * float(np.quantile(self.settled[what] or [np.nan], part)):.1f}"
            for what in WHAT
            for part in (0.5, 0.99, 1.0)
        ]
        cells = [f"{self.size:,}", f"{self.share:.0%}", f"{self.whole:.2f}", f"{1000 * self.one_pass:.2f}"]
        return f"| {' | '.join([*cells, *times, str(self.anew)])} |"


def measured(size: int, share: float, events: int, family: str = "scarce supply") -> Measured:
    """Each event is one order of one side that comes, is amended by up to 500 đ/kg, or leaves."""
    random = np.random.default_rng(SEED)
    lots, demands, terms = book(family, size // 2 + events, SEED)
    if share:
        lots, demands = with_terms(lots, demands, share, SEED)
    begin = time.perf_counter()
    standing = Standing(subset(lots, range(size // 2)), subset(demands, range(size // 2)), terms)
    whole, one_pass = time.perf_counter() - begin, _one_pass(standing)
    settled: dict[str, list[float]] = {what: [] for what in WHAT}
    anew = 0
    for what, change in _changes(lots, demands, size // 2, events, random):
        begin = time.perf_counter()
        done = standing.settle(change)
        settled[what].append(time.perf_counter() - begin)
        if done is None:
            anew += 1
            break
    return Measured(size, share, whole, one_pass, settled, anew)


def _changes(
    lots: Lots, demands: Demands, open_now: int, events: int, random: np.random.Generator
) -> Iterator[tuple[str, Change]]:
    """Arrivals, amendments and withdrawals in turns; lots and demands in turns."""
    last = int(max(lots.posted.max(), demands.posted.max()))
    inside: tuple[list[int], list[int]] = list(range(open_now)), list(range(open_now))
    for number in range(events):
        what, of_demands = WHAT[number % 3], number // 3 % 2
        places = inside[of_demands]
        place = open_now + number if what == "arrival" else places.pop(int(random.integers(len(places))))
        if what != "withdrawal":
            places.append(place)
        posted = {"posted": np.array([last + number + 1])} if what == "arrival" else {}
        more = int(random.integers(-5, 6)) * 100 if what == "amendment" else 0
        if of_demands:
            demand = subset(demands, [place])
            new: Lots | Demands = replace(demand, bid=demand.bid + more, **posted)
        else:
            lot = subset(lots, [place])
            new = replace(lot, ask=lot.ask + more, **posted)
        yield what, _change(lots, demands, new, what == "withdrawal")


def _change(lots: Lots, demands: Demands, order: Lots | Demands, gone: bool) -> Change:
    none: Keys = np.zeros(0, np.uint64)
    of_lots = isinstance(order, Lots)
    return Change(
        lots=order if isinstance(order, Lots) and not gone else subset(lots, []),
        demands=order if isinstance(order, Demands) and not gone else subset(demands, []),
        gone_lots=order.key if gone and of_lots else none,
        gone_demands=order.key if gone and not of_lots else none,
        taken_lot=none,
        taken_demand=none,
        taken=np.zeros(0, np.int64),
        declined_lot=none,
        declined_demand=none,
    )


def _one_pass(standing: Standing) -> float:
    """Seconds, the best of five."""
    ways = standing._relaxation.ways
    lot_price = ways.price(True, np.arange(len(ways.whole(True))))
    demand_price = ways.price(False, np.arange(len(ways.whole(False))))
    best = np.inf
    for _ in range(5):
        begin = time.perf_counter()
        lot, demand, gain = (column[: ways.count] for column in (ways.lot, ways.demand, ways.gain))
        assert int((lot_price[lot] + demand_price[demand] - gain).min()) is not None
        best = min(best, time.perf_counter() - begin)
    return float(best)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.clearing.standing", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--size", type=int, default=100_000, help="the largest book, in open orders")
    parser.add_argument("--events", type=int, default=300, help="changes measured of each book")
    chosen = parser.parse_args(arguments)
    measured(600, SHARE, 60)  # compiles what is to be compiled, which is not measured
    print(f"| {' | '.join(HEADS)} |", "|--:" * len(HEADS) + "|", sep="\n")
    for size in (1_000, 10_000, 100_000):
        for share in (0.0, SHARE):
            if size <= chosen.size:
                print(measured(size, share, chosen.events).row, flush=True)


if __name__ == "__main__":
    main()

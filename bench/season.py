"""What waiting is worth: one season's value by the policy that turns matches into promises.

`make bench-season` draws seasons from bench.clearing.books: orders arrive one by one, at random, and leave
again after a while (the patience, counted in arrivals). Policies, all on the same arrivals:

- at once: the book is cleared at each arrival and every match is promised (no hold);
- calls: cleared every so many arrivals, every match promised (a crop with calls);
- hold: cleared at each arrival; a match is promised when so many arrivals have come since the later of its
  two orders, or when one of them is about to leave (a crop with a hold).

Each is given in percent of hindsight: the best that could be done by one who knew all arrivals beforehand,
with the same orders meeting only while both are there.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.clearing.books import FAMILIES, book
from matcher import clearing as core
from matcher.clearing import Demands, Lots, Terms

Longs = NDArray[np.int64]
TableT = TypeVar("TableT", Lots, Demands)
Freezes = Callable[[int, Longs, Longs], NDArray[np.bool_]]


@dataclass
class Season:
    """`lot_arrives` and `demand_arrives` say at which arrival an order comes; it stays for `patience`."""

    lots: Lots
    demands: Demands
    terms: Terms
    lot_arrives: Longs
    demand_arrives: Longs
    patience: int

    @property
    def arrivals(self) -> int:
        return len(self.lots) + len(self.demands)


def season(family: str, size: int, patience: int, seed: int) -> Season:
    lots, demands, terms = book(family, size, seed)
    order = np.random.default_rng(seed).permutation(2 * size)
    return Season(lots, demands, terms, order[:size], order[size:], patience)


def hindsight(of: Season) -> int:
    """The best value of all, in thousandths of a đồng."""
    apart = np.abs(of.lot_arrives[:, None] - of.demand_arrives[None, :]) >= of.patience
    return core.clear(of.lots, of.demands, of.terms, np.argwhere(apart)).welfare


def played(of: Season, clears: Callable[[int], bool], freezes: Freezes) -> int:
    """The value of what is promised, when the book is cleared at each arrival that `clears`.

    `freezes(now, lot arrivals, demand arrivals)` says of each match whether it is promised now.
    """
    supply, wanted = of.lots.quantity.copy(), of.demands.quantity.copy()
    value = 0
    for now in range(of.arrivals + of.patience):
        if not clears(now):
            continue
        lots = _there(of.lot_arrives, supply, now, of.patience)
        demands = _there(of.demand_arrives, wanted, now, of.patience)
        if not len(lots) or not len(demands):
            continue
        found = core.clear(_some(of.lots, lots, supply), _some(of.demands, demands, wanted), of.terms)
        lot, demand = lots[found.lot], demands[found.demand]
        promised = freezes(now, of.lot_arrives[lot], of.demand_arrives[demand])
        np.subtract.at(supply, lot[promised], found.quantity[promised])
        np.subtract.at(wanted, demand[promised], found.quantity[promised])
        value += int(found.quantity[promised].astype(object) @ found.value[promised].astype(object) or 0)
    return value


def _there(arrives: Longs, left: Longs, now: int, patience: int) -> Longs:
    return np.flatnonzero((arrives <= now) & (now < arrives + patience) & (left > 0))


def _some(table: TableT, places: Longs, quantity: Longs) -> TableT:
    columns = {name: getattr(table, name)[places] for name in table.COLUMNS if name not in table.ELSEWHERE}
    return replace(table, **columns | {"quantity": quantity[places]})


def _all(_now: int, lots: Longs, _demands: Longs) -> NDArray[np.bool_]:
    return np.ones(len(lots), np.bool_)


def _every(count: int) -> Callable[[int], bool]:
    return lambda now: now % count == count - 1


def _hold(hold: int, patience: int) -> Freezes:
    def freezes(now: int, lots: Longs, demands: Longs) -> NDArray[np.bool_]:
        over = now - np.maximum(lots, demands) >= hold
        leaving: NDArray[np.bool_] = now - np.minimum(lots, demands) >= patience - 1
        return over | leaving

    return freezes


def main(size: int = 600, patience: int = 300) -> None:
    print(f"Seasons of {2 * size:,} arrivals, each there for {patience} of them; percent of hindsight.\n")
    holds, calls = (patience // 8, patience // 2, patience), (50, 200)
    names = ["at once", *(f"calls every {n}" for n in calls), *(f"hold {n}" for n in holds), "seconds"]
    print("| season | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for family in FAMILIES:
        begun = time.perf_counter()
        of = season(family, size, patience, seed=1)
        best = hindsight(of)
        values = [played(of, lambda _now: True, _all)]
        values += [played(of, _every(count), _all) for count in calls]
        values += [played(of, lambda _now: True, _hold(hold, patience)) for hold in holds]
        shown = [f"{value / best:.1%}" for value in values]
        print(
            f"| {family} | " + " | ".join([*shown, f"{time.perf_counter() - begun:.0f}"]) + " |", flush=True
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

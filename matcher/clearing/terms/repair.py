"""From takes that break minimum terms to near ones that keep them, by limits and exact re-optimisation."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.groups import Groups, grouped, members
from matcher.clearing.solver.network import Network
from matcher.clearing.terms import minimum
from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]

STRIKES = 8
AT_ONCE = 2  # of so many that break a term one is limited before the rest is made best again


def repair(problem: Problem, network: Network, at_once: int = AT_ONCE) -> Longs:
    """Takes that keep every term, near the best ones: `network` is the solved one of `problem`.

    Whatever breaks a term is limited, and the rest made best again around it, until nothing breaks.
    An order whose crumbs only move on to break the next take is closed after STRIKES of them: it keeps
    the partners it has. Limits only fall, so this ends. `network` is changed. `at_once` 1 limits all that
    breaks a term together: sooner done, and less good.
    """
    lots, demands = Orders(problem.lot, len(problem.supply)), Orders(problem.demand, len(problem.wanted))
    while True:
        taken = network.taken
        arcs = np.union1d(
            _too_little(problem, taken, lots, demands, at_once),
            _too_much(problem, taken, network.lot_price, demands.arcs, at_once),
        )
        if not len(arcs):
            return taken
        network.limit(arcs, _room(problem, arcs, taken[arcs]))
        network.solve()


class Orders:
    """The orders of one side: their arcs, and how often a minimum of theirs was broken."""

    def __init__(self, end: NDArray[np.int32], count: int) -> None:
        self.arcs = grouped(end, count)
        self._end = end
        self._strikes = np.zeros(count, np.int64)

    def strike(self, arcs: Longs) -> Longs:
        """Count the broken `arcs`; returns all arcs of those orders that are to be closed."""
        orders = self._end[arcs]
        np.add.at(self._strikes, orders, 1)
        return members(self.arcs, np.unique(orders[self._strikes[orders] >= STRIKES]).astype(np.int64))


def _too_little(problem: Problem, taken: Longs, lots: Orders, demands: Orders, at_once: int) -> Longs:
    """Arcs to limit next: broken takes, the smallest first, and those that their orders are closed to."""
    broken = np.flatnonzero(minimum.broken_takes(problem, taken))
    arcs = _some(broken, -taken[broken], at_once)
    own = problem.lots_own[arcs]
    closed = np.concatenate([lots.strike(arcs[own]), demands.strike(arcs[~own])])
    return np.union1d(arcs, closed[taken[closed] == 0])


def _some(places: Longs, weight: Longs, at_once: int) -> Longs:
    """One in `at_once` of `places`, rounded up, those of the greatest weight."""
    return places[np.argsort(-weight, kind="stable")][: -(-len(places) // at_once)]


def _room(problem: Problem, arcs: Longs, taken: Longs) -> Longs:
    """The last whole multiple of each broken take, where it may be taken; else nothing."""
    part = taken - taken % problem.multiple[arcs]
    return np.where((problem.least[arcs] <= part) & (part < taken), part, 0)


def _too_much(problem: Problem, taken: Longs, lot_price: Longs, of_demand: Groups, at_once: int) -> Longs:
    """Arcs to close next: of demands with too many sellers, else of those filled too little."""
    excess = minimum.excess_sellers(problem, taken)
    crowded = np.flatnonzero(excess)
    if len(crowded):
        closed = [
            _worst_sellers(problem, members(of_demand, np.array([demand])), lot_price)
            for demand in _some(crowded, excess[crowded], at_once)
        ]
        return np.concatenate(closed)
    short = np.flatnonzero(minimum.broken_fills(problem, taken))
    lack = problem.min_fill - minimum.fill(problem, taken)
    return members(of_demand, _some(short, lack[short], at_once)) if len(short) else short


def _worst_sellers(problem: Problem, arcs: Longs, lot_price: Longs) -> Longs:
    """Of all arcs of a demand those beyond its most sellers, when the most gainful come first."""
    demand = problem.demand[arcs[0]]
    room = np.minimum(problem.supply[problem.lot[arcs]], problem.wanted[demand])
    most = (problem.gain[arcs] - lot_price[problem.lot[arcs]]).astype(np.float64) * room
    best_first = arcs[np.argsort(-most, kind="stable")]
    return best_first[problem.max_sellers[demand] :]

"""The orders of a standing book around some of its own, and the best takes among them that no term binds."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.standing.takes import Takes
from matcher.clearing.terms.unbound import best_unbound

Longs = NDArray[np.int64]
Places = NDArray[np.integer]

ORDERS = 600  # looked at together, at least, where there are so many


def arcs_near(takes: Takes, lots: Places, demands: Places) -> Longs:
    """The arcs between these orders, those that arcs which just pay lead to, and so on."""
    ways = takes.ways
    found = {True: np.unique(lots).astype(np.int64), False: np.unique(demands).astype(np.int64)}
    new = found
    while sum(map(len, new.values())) and sum(map(len, found.values())) < ORDERS:
        arcs = np.concatenate([ways.of_all(of_lots, orders) for of_lots, orders in new.items()])
        tight = arcs[(takes.by_arc[arcs] > 0) | (ways.more(arcs) == 0)]
        ends = {True: ways.lot[tight].astype(np.int64), False: ways.demand[tight].astype(np.int64)}
        new = {of_lots: np.setdiff1d(ends[of_lots], found[of_lots]) for of_lots in ends}
        found = {of_lots: np.union1d(found[of_lots], new[of_lots]) for of_lots in ends}
    arcs = ways.of_all(True, found[True])
    return np.sort(arcs[(ways.gain[arcs] > 0) & np.isin(ways.demand[arcs], found[False])])


def best_around(takes: Takes, arcs: Longs) -> Longs:
    """What each of these arcs takes, all others as they are; no worse than now."""
    return best_unbound(takes.part(arcs), takes.by_arc[arcs])

"""What an order that is held takes until the work on it is done, so that its outlook shows all of it at once.

It takes what its partners have left, and takes the place of those who are worth less to them, the greatest
gain first. Who loses by it is helped when the work goes on. Only pairs without minimum terms take part.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.solver.spanning import NONE
from matcher.clearing.standing.takes import Takes
from matcher.clearing.standing.ways import Ways

Longs = NDArray[np.int64]


def taken_meanwhile(takes: Takes, of_lots: bool, order: int) -> tuple[Longs, Longs]:
    """The arcs that take another quantity so that the order is placed as far as it can be, and how much."""
    ways = takes.ways
    own = _free(takes, ways.of(of_lots, order))
    partner = _partner(ways, of_lots, own)
    rivals = ways.of_all(not of_lots, partner)
    rivals = _free(takes, rivals[(takes.by_arc[rivals] > 0) & ~np.isin(rivals, own)])
    sorter = np.argsort(partner)
    wooed = own[sorter[np.searchsorted(partner, _partner(ways, of_lots, rivals), sorter=sorter)]]
    # What partners have over, and what rivals take of them.
    by = np.concatenate([own, wooed])
    instead = np.concatenate([np.full(len(own), NONE, np.int64), rivals])
    room = np.concatenate([takes.left(not of_lots, partner), takes.by_arc[rivals]])
    gain = ways.value[by] - np.concatenate([np.zeros(len(own), np.int64), ways.value[rivals]])
    best = np.lexsort((instead, by, -gain))
    best = best[(gain[best] > 0) & (room[best] > 0)]
    left = takes.left(of_lots, np.array(order)) - (np.cumsum(room[best]) - room[best])
    grams = np.clip(left, 0, room[best])
    return _changed(takes.by_arc, by[best], instead[best], grams)


def _changed(taken: Longs, by: Longs, instead: Longs, grams: Longs) -> tuple[Longs, Longs]:
    gains, loses = grams > 0, (grams > 0) & (instead != NONE)
    arcs, place = np.unique(np.concatenate([by[gains], instead[loses]]), return_inverse=True)
    now = taken[arcs]
    np.add.at(now, place, np.concatenate([grams[gains], -grams[loses]]))
    return arcs, now


def _partner(ways: Ways, of_lots: bool, arcs: Longs) -> Longs:
    return (ways.demand if of_lots else ways.lot)[arcs].astype(np.int64)


def _free(takes: Takes, arcs: Longs) -> Longs:
    """Those of the arcs that are there and bound by no term of either order."""
    problem, demand = takes.problem, takes.ways.demand[arcs]
    bound = (problem.least[arcs] > 1) | (problem.multiple[arcs] > 1)
    bound |= (problem.min_fill[demand] > 0) | (problem.max_sellers[demand] > 0)
    return arcs[~bound & (problem.gain[arcs] > 0)]

"""What follows from a half's limits and its terms, so that less is left to search."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]


@compiled
def narrow(problem: Problem, low: Longs, room: Longs, forced: NDArray[np.bool_], most: Longs) -> bool:
    """Narrows `low`, `room` and `forced` of a half to what keeps every term; False where nothing does.

    Writes into `most` what each demand can get at most.
    """
    changed = True
    while changed:
        sellers = np.zeros(len(problem.wanted), np.int64)
        fits, fewer = _fit(problem, low, room, sellers)
        if not fits or not _gather(problem, room, sellers, low, most):
            return False
        fills, more = _fill(problem, low, room, forced, most)
        if not fills:
            return False
        changed = fewer or more
    return True


@compiled
def _fit(problem: Problem, low: Longs, room: Longs, sellers: Longs) -> tuple[bool, bool]:
    """(Whether each arc's limits can be kept, whether some `room` fell to what its two ends have left)."""
    changed = False
    lot_left, demand_left = _left(problem, low, sellers)
    if lot_left.min() < 0 or demand_left.min() < 0:
        return False, changed
    for arc in range(len(low)):
        demand = problem.demand[arc]
        can = min(room[arc], low[arc] + min(lot_left[problem.lot[arc]], demand_left[demand]))
        can -= can % problem.multiple[arc]
        full = 0 < problem.max_sellers[demand] <= sellers[demand]
        if low[arc] == 0 and (full or can < problem.least[arc]):
            can = 0
        if can < low[arc]:
            return False, changed
        changed = changed or can < room[arc]
        room[arc] = can
    return True, changed


@compiled
def _fill(
    problem: Problem, low: Longs, room: Longs, forced: NDArray[np.bool_], most: Longs
) -> tuple[bool, bool]:
    """(Whether the smallest fills can be kept, whether some limit narrowed for their sake)."""
    changed = False
    every = _sums(problem, room)
    for arc in range(len(low)):
        demand = problem.demand[arc]
        fill = problem.min_fill[demand]
        forced[demand] = forced[demand] or (low[arc] > 0 and fill > 0)
        if most[demand] < fill:
            changed = changed or room[arc] > 0
            room[arc] = 0
        elif forced[demand] and fill > every[demand] - room[arc] + low[arc]:
            needed = max(fill - every[demand] + room[arc], problem.least[arc])
            needed = -(-needed // problem.multiple[arc]) * problem.multiple[arc]
            if needed > room[arc]:
                return False, changed
            changed = changed or needed > low[arc]
            low[arc] = needed
    return not (forced & (most < problem.min_fill)).any(), changed


@compiled
def _left(problem: Problem, low: Longs, sellers: Longs) -> tuple[Longs, Longs]:
    """(What lots have left beyond `low`, what demands do); counts in `sellers` the lots that must sell."""
    lots, demands = problem.supply.copy(), problem.wanted.copy()
    for arc in range(len(low)):
        lots[problem.lot[arc]] -= low[arc]
        demands[problem.demand[arc]] -= low[arc]
        sellers[problem.demand[arc]] += low[arc] > 0
    return lots, demands


@compiled
def _sums(problem: Problem, room: Longs) -> Longs:
    every = np.zeros(len(problem.wanted), np.int64)
    for arc in range(len(room)):
        every[problem.demand[arc]] += room[arc]
    return every


@compiled
def _gather(problem: Problem, room: Longs, sellers: Longs, low: Longs, most: Longs) -> bool:
    """Writes into `most` what as many lots as may can sell to each demand; False where too many must."""
    free = np.where(problem.max_sellers > 0, problem.max_sellers - sellers, len(room))
    if free.min() < 0:
        return False
    most[:] = 0
    limited = problem.max_sellers[problem.demand] > 0
    for arc in np.flatnonzero(~limited):
        most[problem.demand[arc]] += room[arc]
    crowd = np.flatnonzero(limited & (room > 0))
    for arc in crowd[np.argsort(-room[crowd])]:
        demand = problem.demand[arc]
        if low[arc] > 0 or free[demand] > 0:
            most[demand] += room[arc]
            free[demand] -= low[arc] == 0
    most[:] = np.minimum(most, problem.wanted)
    return True

"""Branch and bound over minimum terms, exact in integers.

A term that the relaxation breaks splits the problem in two, each with one more limit, until nothing is
broken: a take is at most its last whole multiple below (or nothing), or at least the next one it may
have; a demand gets nothing, or at least its smallest fill; of too many sellers one is left out, or kept.
The best of each half is at most its own relaxation's value, which the simplex finds exactly, so halves
that cannot beat the best known takes are dropped. When no half is left those are proven best.
"""

import heapq
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.exact import total
from matcher.clearing.solver.spanning import NONE
from matcher.clearing.terms.half import Figures, Half, Relaxed, everything, figures, relax
from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]

EFFORT = 1_500_000  # arcs looked at in all, over every part of a book: bounded work, the same on any machine
NOTHING, FILL, SELLERS, TAKE = range(4)  # kinds of broken terms
OVERHEAD = 300  # arcs that could be solved in the time it takes to set up one relaxation


def search(problem: Problem, shift: int, known: Longs, effort: int) -> tuple[Longs, int, int]:
    """(the best takes found, never worse than `known`, a bound on the value of any, the effort spent).

    Gains are value · 2^shift + bonus, as in `ties`. The bound is the value of the takes where they are
    proven best.
    """
    best, best_gain = known, total(problem.gain, known)
    cost, serial, lost = len(problem.gain) + OVERHEAD, 0, 0
    spent = cost
    given = figures(problem)
    first = relax(problem, given, everything(problem), serial)
    open_halves = [first] if first else []
    while open_halves and spent < effort:
        relaxed: Relaxed | None = heapq.heappop(open_halves)
        while relaxed is not None and relaxed.gain > best_gain:
            if spent >= effort:
                heapq.heappush(open_halves, relaxed)
                break
            kind, place = broken(given, relaxed.taken, relaxed.half.forced)
            if kind == NOTHING and not relaxed.short:
                best, best_gain = relaxed.taken, relaxed.gain
                break
            halves = _split(problem, relaxed, kind, place)
            if not halves:
                lost = max(lost, relaxed.most(problem, shift))
                break
            serial += 2
            spent += 2 * cost
            parts = [relax(problem, given, half, serial + nth) for nth, half in enumerate(halves)]
            chosen = sorted(part for part in parts if part and part.gain > best_gain)
            relaxed = chosen[0] if chosen else None
            for part in chosen[1:]:
                heapq.heappush(open_halves, part)
    left = [relaxed.most(problem, shift) for relaxed in open_halves if relaxed.gain > best_gain]
    return best, max([total(problem.value, best), lost, *left]), spent


@compiled
def broken(given: Figures, taken: Longs, forced: NDArray[np.bool_]) -> tuple[int, int]:
    """(What kind of term is broken first, by which demand or arc); no forced demand's fill is looked at."""
    filled, sellers = np.zeros(len(given.wanted), np.int64), np.zeros(len(given.wanted), np.int64)
    for arc in range(len(taken)):
        if taken[arc] > 0:
            filled[given.demand[arc]] += taken[arc]
            sellers[given.demand[arc]] += 1
    short = np.where((filled > 0) & (filled < given.min_fill) & ~forced, given.min_fill, 0)
    if short.any():
        return FILL, int(short.argmax())
    excess = np.where(given.max_sellers > 0, sellers - given.max_sellers, 0)
    if (excess > 0).any():
        return SELLERS, int(excess.argmax())
    arc = worst_take(given, taken)
    return (NOTHING if arc == NONE else TAKE), arc


@compiled
def worst_take(given: Figures, taken: Longs) -> int:
    """The arc that takes too little or no whole multiple where most is at stake, or NONE."""
    found, most = NONE, 0.0
    for arc in range(len(taken)):
        least = given.least[arc]
        if taken[arc] > 0 and (taken[arc] < least or taken[arc] % given.multiple[arc] != 0):
            stake = given.value[arc] * float(max(taken[arc], least)) + 1
            if stake > most:
                found, most = arc, stake
    return found


def _split(problem: Problem, relaxed: Relaxed, kind: int, place: int) -> list[Half]:
    """Halves that together hold all allocations of a half that keep the terms; none where it cannot split."""
    if kind == FILL:
        return _split_fill(problem, relaxed.half, place)
    if kind == SELLERS:
        return _split_sellers(problem, relaxed.half, relaxed.taken, place)
    if kind == TAKE:
        return _split_take(problem, relaxed.half, place, int(relaxed.taken[place]))
    return []


def _split_fill(problem: Problem, half: Half, demand: int) -> list[Half]:
    forced = half.forced.copy()
    forced[demand] = True
    halves = [replace(half, forced=forced)]
    its_own = problem.demand == demand
    if not half.low[its_own].any():
        halves.append(replace(half, room=np.where(its_own, 0, half.room)))
    return halves


def _split_sellers(problem: Problem, half: Half, taken: Longs, demand: int) -> list[Half]:
    its_own = problem.demand == demand
    fixed = its_own & (half.low > 0)
    if fixed.sum() >= problem.max_sellers[demand]:
        return [replace(half, room=np.where(its_own & ~fixed, 0, half.room))]
    free = np.flatnonzero(its_own & ~fixed & (taken > 0))
    arc = int(free[taken[free].argmax()])
    return _without(half, arc, 0) + _with(half, arc, int(problem.least[arc]))


def _split_take(problem: Problem, half: Half, arc: int, taken: int) -> list[Half]:
    least, multiple = int(problem.least[arc]), int(problem.multiple[arc])
    below = taken // multiple * multiple
    return _without(half, arc, below if below >= least else 0) + _with(
        half, arc, max(least, below + multiple)
    )


def _without(half: Half, arc: int, room: int) -> list[Half]:
    if room < half.low[arc]:
        return []
    rooms = half.room.copy()
    rooms[arc] = room
    return [replace(half, room=rooms)]


def _with(half: Half, arc: int, low: int) -> list[Half]:
    if low > half.room[arc]:
        return []
    lows = half.low.copy()
    lows[arc] = low
    return [replace(half, low=lows)]

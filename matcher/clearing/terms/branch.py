"""Branch and bound over minimum terms, exact in integers.

A term that the relaxation breaks splits the problem in two, each with one more limit, until nothing is
broken: a take is at most its last whole multiple below (or nothing), or at least the next one it may
have; a demand gets nothing, or at least its smallest fill; of too many sellers one is left out, or kept.
The best of each half is at most its own relaxation's value, which the simplex finds exactly, so halves
that cannot beat the best known takes are dropped. When no half is left those are proven best.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.exact import total
from matcher.clearing.terms.half import Half, Relaxed, everything, relax
from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]

EFFORT = 750_000  # arcs looked at in all, over every part of a book: bounded work, the same on any machine
PROOF = 1_500_000  # for a book small enough to be searched as a whole
THOROUGH = 5_000_000  # for a book of few arcs
TRIED = 8  # broken terms by which a half of such a book is split on trial
FILL, SELLERS, TAKE = range(3)  # kinds of broken terms
OVERHEAD = 300  # arcs that could be solved in the time it takes to set up one relaxation


def search(problem: Problem, shift: int, known: Longs, effort: int, tried: int = 1) -> tuple[Longs, int, int]:
    """(the best takes found, never worse than `known`, a bound on the value of any, the effort spent).

    Gains are value · 2^shift + bonus, as in `ties`. Each half is split on trial by `tried` broken terms:
    more make a proof shorter, and a search that is cut short worse. The bound is the value of the takes
    where they are proven best.
    """
    best, best_gain = known, total(problem.gain, known)
    cost, serial, lost = len(problem.gain) + OVERHEAD, 0, 0
    spent = cost
    first = relax(problem, everything(problem), serial, best_gain, tried > 1)
    open_halves = [first] if first else []
    while open_halves and spent < effort:
        relaxed: Relaxed | None = heapq.heappop(open_halves)
        while relaxed is not None and relaxed.gain > best_gain:
            if spent >= effort:
                heapq.heappush(open_halves, relaxed)
                break
            ways = broken(problem, relaxed.taken, relaxed.half.forced, tried)
            if not len(ways) and not relaxed.short:
                best, best_gain = relaxed.taken, relaxed.gain
                break
            parts, steps = _best_split(problem, relaxed, ways, (serial, best_gain, tried > 1))
            if not steps:
                lost = max(lost, relaxed.most(problem, shift))
                break
            serial += steps
            spent += steps * cost
            relaxed = parts[0] if parts else None
            for part in parts[1:]:
                heapq.heappush(open_halves, part)
    left = [relaxed.most(problem, shift) for relaxed in open_halves if relaxed.gain > best_gain]
    return best, max([total(problem.value, best), lost, *left]), spent


def _best_split(
    problem: Problem, relaxed: Relaxed, ways: Longs, how: tuple[int, int, bool]
) -> tuple[list[Relaxed], int]:
    """(What can still better the best, the most gainful first, of how many relaxations).

    Of the `ways` to split, kinds and places, that one is taken whose two halves both lose much; one that
    leaves fewer than two halves is taken at once. `how` goes to `relax`.
    """
    serial, beaten, careful = how
    found: list[Relaxed] = []
    most, steps = -1, 0
    for kind, place in ways.tolist():
        parts = [
            relax(problem, half, serial + steps + nth, beaten, careful)
            for nth, half in enumerate(_split(problem, relaxed, kind, place), 1)
        ]
        steps += 2
        alive = sorted(part for part in parts if part)
        if len(alive) < 2:
            return alive, steps
        score = (relaxed.gain - alive[0].gain + 1) * (relaxed.gain - alive[1].gain + 1)
        if score > most:
            found, most = alive, score
    return found, steps


@compiled
def broken(problem: Problem, taken: Longs, forced: NDArray[np.bool_], most: int) -> Longs:
    """int64[k, 2], k ≤ `most`: kinds of broken terms, by which demand or arc; worst of each kind first.

    No forced demand's fill is looked at.
    """
    filled, sellers = np.zeros(len(problem.wanted), np.int64), np.zeros(len(problem.wanted), np.int64)
    stake = np.zeros(len(taken))
    for arc in range(len(taken)):
        if taken[arc] > 0:
            filled[problem.demand[arc]] += taken[arc]
            sellers[problem.demand[arc]] += 1
            least = problem.least[arc]
            if taken[arc] < least or taken[arc] % problem.multiple[arc] != 0:
                stake[arc] = problem.value[arc] * float(max(taken[arc], least)) + 1
    short = np.where((filled > 0) & (filled < problem.min_fill) & ~forced, problem.min_fill, 0)
    excess = np.where(problem.max_sellers > 0, sellers - problem.max_sellers, 0)
    ways, count = np.empty((most, 2), np.int64), 0
    for kind, worst in ((FILL, short * 1.0), (SELLERS, excess * 1.0), (TAKE, stake)):
        places = np.flatnonzero(worst > 0)
        for place in places[np.argsort(-worst[places], kind="mergesort")][: most - count]:
            ways[count] = kind, place
            count += 1
    return ways[:count]


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
    halves = [half._replace(forced=forced)]
    its_own = problem.demand == demand
    if not half.low[its_own].any():
        halves.append(half._replace(room=np.where(its_own, 0, half.room)))
    return halves


def _split_sellers(problem: Problem, half: Half, taken: Longs, demand: int) -> list[Half]:
    its_own = problem.demand == demand
    fixed = its_own & (half.low > 0)
    if fixed.sum() >= problem.max_sellers[demand]:
        return [half._replace(room=np.where(its_own & ~fixed, 0, half.room))]
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
    return [half._replace(room=rooms)]


def _with(half: Half, arc: int, low: int) -> list[Half]:
    if low > half.room[arc]:
        return []
    lows = half.low.copy()
    lows[arc] = low
    return [half._replace(low=lows)]

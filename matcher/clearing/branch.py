"""Branch and bound over minimum terms, exact in integers.

A term that the relaxation breaks splits the problem in two, each with one more limit, until nothing is
broken: a take is at most its last whole multiple below (or nothing), or at least the next one it may
have; a demand gets nothing, or at least its smallest fill; of too many sellers one is left out, or kept.
The best of each half is at most its own relaxation's value, which the simplex finds exactly, so halves
that cannot beat the best known takes are dropped. When no half is left those are proven best.
"""

import heapq
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import minimum
from matcher.clearing.minimum import Problem
from matcher.clearing.network import Network

Longs = NDArray[np.int64]
Places = NDArray[np.int32]

EFFORT = 1_500_000  # arcs looked at in all, over every part of a book: bounded work, the same on any machine
OVERHEAD = 300  # arcs that could be solved in the time it takes to set up one relaxation


@dataclass(frozen=True)
class Half:
    """Part of the search: each arc's take is 0 or from `low` to `room`; `forced` demands get min_fill."""

    low: Longs
    room: Longs
    forced: NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Relaxed:
    """A half and the best it could hold: `gain` and `value` bound every allocation in it."""

    rank: tuple[int, int]
    gain: int = field(compare=False)
    value: int = field(compare=False)
    taken: Longs = field(compare=False)
    half: Half = field(compare=False)
    short: bool = field(compare=False)  # a forced demand stayed short: bounded, but not known to be empty


def search(problem: Problem, shift: int, known: Longs, effort: int) -> tuple[Longs, int, int]:
    """(the best takes found, never worse than `known`, a bound on the value of any, the effort spent).

    Gains are value · 2^shift + bonus, as in `ties`. The bound is the value of the takes where they are
    proven best.
    """
    best, best_gain = known, total(problem.gain, known)
    cost, serial, lost = len(problem.gain) + OVERHEAD, 0, 0
    spent = cost
    first = _relax(problem, shift, _everything(problem), serial)
    open_halves = [first] if first else []
    while open_halves and spent < effort:
        relaxed: Relaxed | None = heapq.heappop(open_halves)
        while relaxed is not None and relaxed.gain > best_gain:
            if spent >= effort:
                heapq.heappush(open_halves, relaxed)
                break
            if minimum.kept(problem, relaxed.taken) and not relaxed.short:
                best, best_gain = relaxed.taken, relaxed.gain
                break
            halves = _split(problem, relaxed)
            if not halves:
                lost = max(lost, relaxed.value)
                break
            serial += 2
            spent += 2 * cost
            parts = [_relax(problem, shift, half, serial + nth) for nth, half in enumerate(halves)]
            chosen = sorted(part for part in parts if part and part.gain > best_gain)
            relaxed = chosen[0] if chosen else None
            for part in chosen[1:]:
                heapq.heappush(open_halves, part)
    left = [relaxed.value for relaxed in open_halves if relaxed.gain > best_gain]
    return best, max([total(problem.value, best), lost, *left]), spent


def total(price: Longs, taken: Longs) -> int:
    """Σ price · taken, exact."""
    used = np.flatnonzero(taken)
    return sum(a * b for a, b in zip(price[used].tolist(), taken[used].tolist(), strict=True))


def _everything(problem: Problem) -> Half:
    room = np.minimum(problem.supply[problem.lot], problem.wanted[problem.demand])
    room = room // problem.multiple * problem.multiple
    return Half(np.zeros(len(room), np.int64), room, np.zeros(len(problem.wanted), np.bool_))


def _relax(problem: Problem, shift: int, half: Half, serial: int) -> Relaxed | None:
    """The best of a half but for its broken terms; None where it holds nothing.

    What an arc must take is taken off both its ends. A forced demand is filled up with the slack it
    may keep, by a lot of its own, at a reward for every gram: any reward bounds rightly (Lagrange),
    this one is more than any single pair could gain. Where it stays short all the same, whether it could
    be filled at all is asked apart.
    """
    supply, wanted = problem.supply.copy(), problem.wanted.copy()
    np.subtract.at(supply, problem.lot, half.low)
    np.subtract.at(wanted, problem.demand, half.low)
    if (supply < 0).any() or (wanted < 0).any():
        return None
    needed = problem.min_fill - (problem.wanted - wanted)
    pressed = np.flatnonzero(half.forced & (needed > 0))
    reward = 1 + int(problem.gain.max())
    bounty = np.zeros(len(wanted), np.int64)
    bounty[pressed] = reward
    arcs = np.flatnonzero((half.room > half.low) & (supply[problem.lot] > 0) & (wanted[problem.demand] > 0))
    slack = wanted[pressed] - needed[pressed]
    loose = slack > 0
    lots = np.concatenate([supply, slack])
    network = Network(lots, wanted)
    ends = problem.lot[arcs], problem.demand[arcs]
    network.add(*ends, problem.gain[arcs] + bounty[ends[1]], (half.room - half.low)[arcs])
    fillers = len(supply) + np.flatnonzero(loose)
    network.add(fillers, pressed[loose], np.full(len(fillers), reward))
    network.solve()
    taken = half.low.copy()
    taken[arcs] += network.taken[: len(arcs)]
    lack = problem.min_fill - minimum.fill(problem, taken)
    shortage = int(np.maximum(lack, 0)[pressed].sum())
    if shortage and not _can_fill(
        supply, np.where(half.forced, needed, 0), ends, (half.room - half.low)[arcs]
    ):
        return None
    gain = total(problem.gain, taken) - reward * shortage
    value = gain >> shift if shortage else total(problem.value, taken)
    return Relaxed((-gain, serial), gain, value, taken, half, shortage > 0)


def _can_fill(supply: Longs, needed: Longs, ends: tuple[Places, Places], room: Longs) -> bool:
    """Whether arcs between `ends` with `room` can bring every demand what it needs, whatever it gains."""
    needed = np.maximum(needed, 0)
    network = Network(supply, needed)
    network.add(*ends, np.ones(len(room), np.int64), room)
    network.solve()
    return int(network.taken.sum()) == int(needed.sum())


def _split(problem: Problem, relaxed: Relaxed) -> list[Half]:
    """Halves that together hold all allocations of a half that keep the terms; none where it cannot split."""
    taken, half = relaxed.taken, relaxed.half
    short = minimum.broken_fills(problem, taken) & ~half.forced
    if short.any():
        return _split_fill(problem, half, int(np.where(short, problem.min_fill, 0).argmax()))
    excess = minimum.excess_sellers(problem, taken)
    if excess.any():
        return _split_sellers(problem, half, taken, int(excess.argmax()))
    broken = minimum.broken_takes(problem, taken)
    if broken.any():
        stake = np.where(broken, problem.value * np.maximum(taken, problem.least).astype(np.float64) + 1, 0)
        return _split_take(problem, half, int(stake.argmax()), int(taken[stake.argmax()]))
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

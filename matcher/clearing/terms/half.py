"""Parts of the search for takes that keep minimum terms, each with the best it could hold."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.errors import Overflow
from matcher.clearing.exact import total
from matcher.clearing.solver.network import Network
from matcher.clearing.solver.simplex import BASIC, LOWER, UPPER, Arcs, optimise
from matcher.clearing.solver.spanning import NO_LIMIT, NONE, Tree, bare, plant
from matcher.clearing.terms.minimum import Problem
from matcher.clearing.terms.narrow import narrow

Longs = NDArray[np.int64]

ROUNDED_UP = 1 + 1e-9  # makes more of a float than its rounding errors could make less
OVER = -2  # of potentials that left 60 bits


class Half(NamedTuple):
    """Part of the search: each arc's take is 0 or from `low` to `room`; `forced` demands get min_fill."""

    low: Longs
    room: Longs
    forced: NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Relaxed:
    """A half and the best it could hold: `gain` bounds every allocation in it, as does `most`."""

    rank: tuple[int, int]
    gain: int = field(compare=False)
    taken: Longs = field(compare=False)
    half: Half = field(compare=False)
    short: bool = field(compare=False)  # a forced demand stayed short: bounded, but not known to be empty

    def most(self, problem: Problem, shift: int) -> int:
        """The value of no allocation in it is more."""
        return self.gain >> shift if self.short else total(problem.value, self.taken)


def everything(problem: Problem) -> Half:
    """All allocations of the problem."""
    room = np.minimum(problem.supply[problem.lot], problem.wanted[problem.demand])
    room = room // problem.multiple * problem.multiple
    return Half(np.zeros(len(room), np.int64), room, np.zeros(len(problem.wanted), np.bool_))


def relax(problem: Problem, half: Half, serial: int, beaten: int, careful: bool) -> Relaxed | None:
    """The best of a half but for its broken terms; None where nothing in it gains more than `beaten`.

    `careful` narrows the half's limits, before and after, to what can be best: dear
    in a large problem.

    What an arc must take is taken off both its ends. A forced demand is filled up with the slack it
    may keep, by a lot of its own, at a reward for every gram: any reward bounds rightly (Lagrange),
    this one is more than any single pair could gain. Where it stays short all the same, whether it could
    be filled at all is asked apart.

    Raises Overflow where potentials leave 60 bits.
    """
    low, room, forced = half
    bounded = problem
    if careful:
        low, room, forced = low.copy(), room.copy(), forced.copy()
        bounded = problem._replace(wanted=problem.wanted.copy())
        if not narrow(problem, low, room, forced, bounded.wanted):
            return None
    taken, reduced = np.empty((2, len(low)), np.int64)
    shortage = best(bounded, low, room, forced, taken, reduced)
    if shortage == OVER:
        raise Overflow("dual prices on the way left 60 bits; the gains are too large")
    if shortage == NONE or (shortage and not _can_fill(problem, half)):
        return None
    gain = total(problem.gain, taken) - reward(problem.gain) * shortage
    if gain <= beaten:
        return None
    if careful:
        shrink(problem, low, room, reduced, (gain - beaten) * ROUNDED_UP)
    return Relaxed((-gain, serial), gain, taken, Half(low, room, forced), shortage > 0)


def _can_fill(problem: Problem, half: Half) -> bool:
    """Whether every forced demand could be filled, whatever it gains."""
    supply, needed = problem.supply.copy(), np.where(half.forced, problem.min_fill, 0)
    np.subtract.at(supply, problem.lot, half.low)
    np.subtract.at(needed, problem.demand, half.low)
    needed = np.maximum(needed, 0)
    network = Network(supply, needed)
    network.add(problem.lot, problem.demand, np.ones(len(half.low), np.int64), half.room - half.low)
    network.solve()
    return int(network.taken.sum()) == int(needed.sum())


@compiled
def shrink(problem: Problem, low: Longs, room: Longs, reduced: Longs, spare: float) -> None:
    """Narrows each arc's limits to what costs at most `spare`, at its `reduced` cost for every gram."""
    for arc in range(len(low)):
        if reduced[arc] == 0 or spare / abs(reduced[arc]) >= room[arc] - low[arc]:
            continue
        grams = int(spare / abs(reduced[arc]) * ROUNDED_UP) + 1
        if reduced[arc] > 0:
            most = min(room[arc], low[arc] + grams)
            room[arc] = most if most >= problem.least[arc] else 0
        elif room[arc] > grams:
            least = max(room[arc] - grams, problem.least[arc])
            low[arc] = max(low[arc], -(-least // problem.multiple[arc]) * problem.multiple[arc])


@compiled
def best(
    problem: Problem, low: Longs, room: Longs, forced: NDArray[np.bool_], taken: Longs, reduced: Longs
) -> int:
    """Writes into `taken` what gains most; returns by how much forced demands stay short, g.

    Into `reduced` goes what each gram more costs, below zero where each less does.
    NONE where the half holds nothing; OVER where potentials leave 60 bits.
    """
    supply, wanted = problem.supply.copy(), problem.wanted.copy()
    for arc in range(len(low)):
        supply[problem.lot[arc]] -= low[arc]
        wanted[problem.demand[arc]] -= low[arc]
    if supply.min() < 0 or wanted.min() < 0:
        return NONE
    needed = problem.min_fill - problem.wanted + wanted
    pressed = forced & (needed > 0)
    loose = np.flatnonzero(pressed & (wanted > needed))
    capacity = np.concatenate((supply, wanted[loose] - needed[loose], wanted))
    arcs, which = arcs_of(problem, low, room, capacity, pressed, loose)
    tree = bare(len(capacity) + 1)
    plant(tree, capacity, len(supply) + len(loose))
    if optimise(arcs, tree) < 0:
        return OVER
    taken[:], reduced[:] = low, 0
    take(arcs, tree, which, taken, reduced)
    for arc in range(len(taken)):
        needed[problem.demand[arc]] -= taken[arc] - low[arc]
    return int(np.maximum(needed[pressed], 0).sum())


@compiled
def reward(gain: Longs) -> int:
    """For a gram of what a forced demand needs: more than any pair gains."""
    return int(gain.max()) + 1


@compiled
def arcs_of(
    problem: Problem,
    low: Longs,
    room: Longs,
    capacity: Longs,
    pressed: NDArray[np.bool_],
    loose: NDArray[np.int64],
) -> tuple[Arcs, NDArray[np.int64]]:
    """The arcs of a half: of every node the slack arc, then those with room left, then those that fill up.

    Second: which of the problem's arcs each is, or NONE.
    """
    nodes, lots, demands = len(capacity), len(problem.supply), len(problem.wanted)
    size = nodes + len(low) + len(loose)
    source, target = np.full(size, nodes, np.int32), np.full(size, nodes, np.int32)
    gain, most = np.zeros(size, np.int64), np.full(size, NO_LIMIT, np.int64)
    state, which = np.full(size, BASIC, np.int8), np.full(size, NONE, np.int64)
    for node in range(nodes):
        if node < nodes - demands:
            source[node] = node
        else:
            target[node] = node
    bounty = reward(problem.gain)
    count = nodes
    for arc in range(len(low)):
        lot, demand = problem.lot[arc], nodes - demands + problem.demand[arc]
        if room[arc] > low[arc] and capacity[lot] > 0 and capacity[demand] > 0:
            source[count], target[count], which[count] = lot, demand, arc
            gain[count] = problem.gain[arc] + (bounty if pressed[problem.demand[arc]] else 0)
            most[count], state[count] = room[arc] - low[arc], LOWER
            count += 1
    for place in range(len(loose)):
        source[count], target[count] = lots + place, nodes - demands + loose[place]
        gain[count], state[count] = bounty, LOWER
        count += 1
    return Arcs(source[:count], target[:count], gain[:count], most[:count], state[:count]), which[:count]


@compiled
def take(arcs: Arcs, tree: Tree, which: NDArray[np.int64], taken: Longs, reduced: Longs) -> None:
    """Adds to `taken` what the problem's arcs carry, and writes down what a gram more would cost."""
    for arc in range(len(which)):
        if arcs.state[arc] != BASIC and which[arc] != NONE:
            taken[which[arc]] += arcs.room[arc] if arcs.state[arc] == UPPER else 0
            higher, lower = tree.potential[arcs.source[arc]], tree.potential[arcs.target[arc]]
            reduced[which[arc]] = higher - lower - arcs.gain[arc]
    for node in range(len(tree.shape) - 1):
        arc = which[tree.link[node].arc]
        if arc != NONE:
            taken[arc] += tree.link[node].flow

"""Improving takes that keep every term, neighbourhood by neighbourhood.

A part too large for branch and bound as a whole is searched a little at a time: a demand, the lots that
would gain most from it and the demands they sell to now are freed, all else stays as it is, and what is
freed is searched exactly. So the takes only get better and always keep every term.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.groups import Groups, grouped, members
from matcher.clearing.terms import branch
from matcher.clearing.terms.minimum import Problem, part

Longs = NDArray[np.int64]

LOTS = 10  # freed for their gain, besides those that sell to the freed demands now
DEMANDS = 6  # freed in all
STEPS = 60  # relaxations at most in one neighbourhood


def improve(
    problem: Problem, known: Longs, best: Longs, more: Longs, shift: int, effort: int
) -> tuple[Longs, int]:
    """(Takes no worse than `known`, the effort spent).

    `best` are the relaxation's takes, `more` is what each arc gains over the relaxation's prices. Goes
    through the demands, those first that lost most of what the relaxation gave them, until a whole round
    betters nothing or the effort is spent.
    """
    taken, spent = known.copy(), 0
    sold = np.zeros(len(problem.supply), np.int64)
    np.add.at(sold, problem.lot, taken)
    lots, demands = grouped(problem.lot, len(problem.supply)), grouped(problem.demand, len(problem.wanted))
    while True:
        bettered = False
        for demand in _most_lost(problem, best - taken):
            arcs = freed(problem, taken, more, demand, lots, demands)
            most = STEPS * (len(arcs) + branch.OVERHEAD)
            if effort - spent < most:
                return taken, spent
            found, _, steps = branch.search(part_of(problem, taken, arcs, sold), shift, taken[arcs], most)
            spent += steps
            bettered = bettered or bool((found != taken[arcs]).any())
            np.add.at(sold, problem.lot[arcs], found - taken[arcs])
            taken[arcs] = found
        if not bettered:
            return taken, spent


def _most_lost(problem: Problem, lost: Longs) -> Longs:
    """The demands that lost anything, the greatest loss first."""
    loss = np.zeros(len(problem.wanted))
    np.add.at(loss, problem.demand, problem.value * lost.astype(np.float64))
    demands = np.flatnonzero(loss > 0)
    return demands[np.argsort(-loss[demands], kind="stable")]


@compiled
def freed(problem: Problem, taken: Longs, more: Longs, demand: int, lots: Groups, demands: Groups) -> Longs:
    """The arcs between a neighbourhood's demands and lots, in order."""
    own = members(demands, np.array([demand]))
    wooed = problem.lot[own[np.argsort(-more[own], kind="mergesort")][:LOTS]].astype(np.int64)
    sold = members(lots, wooed)
    sold = sold[taken[sold] > 0]
    inside, count = np.full(DEMANDS, demand), 1
    for rival in problem.demand[sold[np.argsort(-taken[sold], kind="mergesort")]]:
        if count < DEMANDS and not (inside[:count] == rival).any():
            inside[count] = rival
            count += 1
    arcs = members(demands, inside[:count])
    sellers = np.unique(np.append(wooed, problem.lot[arcs[taken[arcs] > 0]]))
    place = np.searchsorted(sellers, problem.lot[arcs])
    return np.sort(arcs[sellers[np.minimum(place, len(sellers) - 1)] == problem.lot[arcs]])


@compiled
def part_of(problem: Problem, taken: Longs, arcs: Longs, sold: Longs) -> Problem:
    """The problem of `arcs` alone, less what their lots, which have `sold` so much, sell by other arcs."""
    some = part(problem, arcs)
    less = np.zeros(len(some.supply), np.int64)
    for place, arc in enumerate(arcs):
        less[some.lot[place]] = sold[problem.lot[arc]]
    some.supply[:] -= less
    for place, arc in enumerate(arcs):
        some.supply[some.lot[place]] += taken[arc]
    return some

"""Improving takes that keep every term, neighbourhood by neighbourhood.

A part too large for branch and bound as a whole is searched a little at a time: a demand, the lots that
would gain most from it and the demands they sell to now are freed, all else stays as it is, and what is
freed is searched exactly. So the takes only get better and always keep every term.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.groups import Groups
from matcher.clearing.terms import branch
from matcher.clearing.terms.minimum import Problem

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
    lots, demands = Groups(problem.lot, len(problem.supply)), Groups(problem.demand, len(problem.wanted))
    while True:
        bettered = False
        for demand in _most_lost(problem, best - taken):
            arcs = _freed(problem, taken, more, int(demand), lots, demands)
            part = _part(problem, taken, arcs, sold)
            most = STEPS * (len(arcs) + branch.OVERHEAD)
            if effort - spent < most:
                return taken, spent
            found, _, steps = branch.search(part, shift, taken[arcs], most)
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


def _freed(problem: Problem, taken: Longs, more: Longs, demand: int, lots: Groups, demands: Groups) -> Longs:
    """The arcs between a neighbourhood's demands and lots, in order."""
    own = demands.members(np.array([demand]))
    wooed = own[np.argsort(-more[own], kind="stable")][:LOTS]
    sold = lots.members(problem.lot[wooed])
    sold = sold[taken[sold] > 0]
    rivals = problem.demand[sold[np.argsort(-taken[sold], kind="stable")]]
    rivals = rivals[np.sort(np.unique(rivals, return_index=True)[1])]
    freed = np.append(demand, rivals[rivals != demand][: DEMANDS - 1])
    arcs = demands.members(np.sort(freed))
    inside = np.union1d(problem.lot[wooed], problem.lot[arcs[taken[arcs] > 0]])
    return np.sort(arcs[np.isin(problem.lot[arcs], inside)])


def _part(problem: Problem, taken: Longs, arcs: Longs, sold: Longs) -> Problem:
    """The problem of `arcs` alone, less what their lots, which have `sold` so much, sell by other arcs."""
    part = problem.part(arcs)
    elsewhere = sold[np.unique(problem.lot[arcs])]
    np.subtract.at(elsewhere, part.lot, taken[arcs])
    return replace(part, supply=part.supply - elsewhere)

"""The best takes while every term keeps what it has.

What a smallest part, a package or a smallest fill has let in stays in, with room to move above its least;
what it has kept out stays out. The rest is bound by nothing, so one solution of the network is best: this
finds, at any length, the chains of changes that a search of small neighbourhoods does not.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.exact import total
from matcher.clearing.terms.half import best, everything
from matcher.clearing.terms.minimum import Problem, fill

Longs = NDArray[np.int64]


def best_unbound(problem: Problem, known: Longs) -> Longs:
    """The takes of a problem, no worse than `known`."""
    used, whole = known > 0, problem.multiple > 1
    shut = (problem.min_fill > 0) & (fill(problem, known) == 0)
    bound = (problem.least > 1) | whole | (problem.max_sellers[problem.demand] > 0) | shut[problem.demand]
    low = np.where(used & (problem.least > 1), problem.least, 0)
    room = np.where(~used & bound, 0, everything(problem).room)
    low, room = np.where(whole, known, low), np.where(whole, known, room)
    taken, reduced = np.empty((2, len(known)), np.int64)
    if best(problem, low, room, (problem.min_fill > 0) & ~shut, taken, reduced) != 0:
        return known
    return taken if total(problem.gain, taken) > total(problem.gain, known) else known

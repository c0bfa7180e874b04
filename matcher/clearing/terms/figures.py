"""A problem as compiled code is given it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]


class Figures(NamedTuple):
    """See Problem."""

    supply: Longs
    wanted: Longs
    lot: NDArray[np.int32]
    demand: NDArray[np.int32]
    value: Longs
    gain: Longs
    least: Longs
    multiple: Longs
    min_fill: Longs
    max_sellers: Longs


def figures(problem: Problem) -> Figures:
    return Figures(*(getattr(problem, name) for name in Figures._fields))

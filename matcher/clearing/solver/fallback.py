"""The transportation problem by linear programming: slower and less exact, but another's work entirely."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from matcher.clearing.certificate import Allocation
from matcher.clearing.errors import NotOptimal

Longs = NDArray[np.int64]
Places = NDArray[np.int32]


def solve(supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs) -> Allocation:
    """The same as `transport.solve`, by HiGHS's dual simplex, in floating point and then rounded.

    Vertices of a transportation problem and of its dual are whole, so rounding repairs all that floating
    point lost where figures stay well below 2^53; the caller has to check. Raises NotOptimal where HiGHS
    gives up.
    """
    if not len(gain):
        return Allocation(np.zeros(0, np.int64), np.zeros_like(supply), np.zeros_like(demand))
    arcs = np.arange(len(gain))
    rows = np.concatenate([lot, buyer + len(supply)])
    shape = len(supply) + len(demand), len(arcs)
    ends = coo_array((np.ones(2 * len(arcs)), (rows, np.concatenate([arcs, arcs]))), shape=shape)
    room = np.concatenate([supply, demand]).astype(np.float64)
    matrix = cast("NDArray[np.float64]", ends.tocsr())  # sparse, which the stubs of scipy do not know of
    found = linprog(-gain.astype(np.float64), A_ub=matrix, b_ub=room, method="highs-ds")
    if found.x is None:
        raise NotOptimal(f"HiGHS: {found.message}")
    prices = np.rint(-found.ineqlin.marginals).astype(np.int64)
    return Allocation(np.rint(found.x).astype(np.int64), prices[: len(supply)], prices[len(supply) :])

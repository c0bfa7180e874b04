"""Compiled: which pairs of a whole book could still gain, by what is cheap to ask of every pair."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled


@compiled
def scan(
    lot: int,
    cost: NDArray[np.int64],
    lot_points: NDArray[np.float64],
    worth: NDArray[np.int64],
    demand_points: NDArray[np.float64],
    reach: NDArray[np.float64],
    has: NDArray[np.int32],
    needs: NDArray[np.int32],
    metres_per_dong: float,
    found: NDArray[np.int32],
) -> tuple[int, int]:
    """Write pairs into `found` int32[2, room], from `lot` on, whole lots at a time.

    A pair is found where worth[demand] − cost[lot] đ/kg ≥ 0 pays for their distance at `metres_per_dong`,
    where it is within reach[demand] metres, and where has[lot] is at least needs[demand] in each column. Demands must come in falling order of worth. Distances
    are chords in metres, never longer than the road. Returns (next lot, pairs found).
    """
    size = 0
    demands = len(worth)
    while lot < len(cost) and size + demands <= found.shape[1]:
        x, y, z = lot_points[lot, 0], lot_points[lot, 1], lot_points[lot, 2]
        for demand in range(demands):
            gap = worth[demand] - cost[lot]
            if gap < 0:
                break
            most = min((gap + 1) * metres_per_dong, reach[demand])
            dx = demand_points[demand, 0] - x
            dy = demand_points[demand, 1] - y
            dz = demand_points[demand, 2] - z
            if dx * dx + dy * dy + dz * dz <= most * most:
                fits = True
                for column in range(has.shape[1]):
                    fits = fits and has[lot, column] >= needs[demand, column]
                found[0, size] = lot
                found[1, size] = demand
                size += fits
        lot += 1
    return lot, size

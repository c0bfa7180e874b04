"""Compiled: which pairs of a whole book could still gain, by what is cheap to ask of every pair."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled


class Side(NamedTuple):
    """All lots, or all demands in falling order of money.

    `money` đ/kg is what a lot costs, or what a demand is worth before transport; `points` [k, 3] are
    metres from the centre of the Earth; `levels` [k, c] are what a lot has, or what a demand needs.
    """

    money: NDArray[np.int64]
    points: NDArray[np.float64]
    levels: NDArray[np.int32]


@compiled
def scan(
    lot: int,
    lots: Side,
    demands: Side,
    reach: NDArray[np.float64],
    metres_per_dong: float,
    found: NDArray[np.int32],
) -> tuple[int, int]:
    """Write pairs into `found` int32[2, room], from `lot` on, whole lots at a time.

    A pair is found where the money between the two, not below zero, pays for their distance at
    `metres_per_dong`, where they are within reach[demand] metres, and where the lot's levels are at
    least the demand's. Distances are chords, never longer than the road. Returns (next lot, pairs found).
    """
    size = 0
    count = len(demands.money)
    while lot < len(lots.money) and size + count <= found.shape[1]:
        x, y, z = lots.points[lot, 0], lots.points[lot, 1], lots.points[lot, 2]
        for demand in range(count):
            gap = demands.money[demand] - lots.money[lot]
            if gap < 0:
                break
            most = min((gap + 1) * metres_per_dong, reach[demand])
            dx = demands.points[demand, 0] - x
            dy = demands.points[demand, 1] - y
            dz = demands.points[demand, 2] - z
            if dx * dx + dy * dy + dz * dz <= most * most:
                fits = True
                for column in range(lots.levels.shape[1]):
                    fits = fits and lots.levels[lot, column] >= demands.levels[demand, column]
                found[0, size] = lot
                found[1, size] = demand
                size += fits
        lot += 1
    return lot, size

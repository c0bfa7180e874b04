"""Compiled: which pairs of some orders with all of the other side could gain, by what is cheap to ask."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

ROUNDING = 4.0  # metres
MARGIN = 2  # đ/kg, more than what rounding prices and transport can hide


class Seen(NamedTuple):
    """One side as the search sees it, of each place.

    `money` đ/kg is what a lot costs with its price, or what a demand is worth without it, before transport;
    `points` [k, 3] metres from the centre of the Earth; `levels` [k, c] what a lot has or a demand needs;
    `reach` metres, as the crow flies (of demands; of lots anything).
    """

    money: NDArray[np.int64]
    points: NDArray[np.float64]
    levels: NDArray[np.int32]
    reach: NDArray[np.float64]


@compiled
def could_gain(
    of_lots: bool,
    orders: NDArray[np.int64],
    lots: Seen,
    demands: Seen,
    count: int,
    metres_per_dong: float,
    found: NDArray[np.int32],
) -> int:
    """Writes the pairs (lot, demand) of `orders` with the other side's first `count` places into `found`.

    `orders` are lots or else demands. Returns how many there are: more than found.shape[1] where there was no
    room for all.
    """
    size = 0
    own, other = (lots, demands) if of_lots else (demands, lots)
    sign = 1 if of_lots else -1
    for order in orders:
        x, y, z = own.points[order, 0], own.points[order, 1], own.points[order, 2]
        least = own.money[order] * sign - MARGIN
        for place in range(count):
            gap = other.money[place] * sign - least
            if gap < 0:
                continue
            lot, demand = (order, place) if of_lots else (place, order)
            most = min(gap * metres_per_dong + ROUNDING, demands.reach[demand])
            dx = other.points[place, 0] - x
            dy = other.points[place, 1] - y
            dz = other.points[place, 2] - z
            if dx * dx + dy * dy + dz * dz > most * most:
                continue
            fits = True
            for column in range(lots.levels.shape[1]):
                fits = fits and lots.levels[lot, column] >= demands.levels[demand, column]
            if fits:
                if size < found.shape[1]:
                    found[0, size] = lot
                    found[1, size] = demand
                size += 1
    return size

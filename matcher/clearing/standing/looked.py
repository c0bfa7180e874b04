"""Compiled: which pairs of some orders with all of the other side could gain, by what is cheap to ask."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

ROUNDING = 4.0  # metres
BLOCK = 64  # places, near each other where they can be, that are passed over together
NOBODY = 1 << 60  # đ/kg, beyond the money of any order
MARGIN = 2  # đ/kg, more than what rounding prices and transport can hide


class Blocks(NamedTuple):
    """Each BLOCK places in turn: the best `money` among them, and a sphere that all their points are in.

    `centres` [k, 3] and `radii` in metres; the radius of a block nobody has been in is below zero.
    """

    money: NDArray[np.int64]
    centres: NDArray[np.float64]
    radii: NDArray[np.float64]


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
    blocks: Blocks


def nobody(of_lots: bool, size: int) -> Seen:
    """Room for `size` orders and more, none of them there."""
    count = -(-size // BLOCK)
    money = NOBODY if of_lots else -NOBODY
    return Seen(
        money=np.full(count * BLOCK, money, np.int64),
        points=np.zeros((count * BLOCK, 3)),
        levels=np.zeros((count * BLOCK, 4), np.int32),
        reach=np.zeros(count * BLOCK),
        blocks=Blocks(np.full(count, money, np.int64), np.zeros((count, 3)), np.full(count, -1.0)),
    )


def set_money(of_lots: bool, seen: Seen, places: NDArray[np.int64], money: NDArray[np.int64] | int) -> None:
    seen.money[places] = money
    blocks = np.unique(places // BLOCK)
    every = seen.money.reshape(-1, BLOCK)[blocks]
    seen.blocks.money[blocks] = every.min(axis=1) if of_lots else every.max(axis=1)


def set_points(seen: Seen, places: NDArray[np.int64], points: NDArray[np.float64]) -> None:
    """Spheres only grow: where an order has been, others may still be."""
    seen.points[places] = points
    _, centres, radii = seen.blocks
    block = places // BLOCK
    count, total = np.bincount(block, minlength=len(radii)), np.zeros_like(centres)
    np.add.at(total, block, points)
    new = (radii < 0) & (count > 0)
    centres[new] = total[new] / count[new, None]
    np.maximum.at(radii, block, np.linalg.norm(points - centres[block], axis=1) + ROUNDING)


@compiled
def apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The square of the distance between two points."""
    total = 0.0
    for axis in range(3):
        total += (first[axis] - second[axis]) ** 2
    return total


@compiled
def fits(has: NDArray[np.int32], needed: NDArray[np.int32]) -> bool:
    enough = True
    for column in range(len(has)):
        enough = enough and has[column] >= needed[column]
    return enough


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
        least = own.money[order] * sign - MARGIN
        reach = np.inf if of_lots else own.reach[order]
        for block in range((count + BLOCK - 1) // BLOCK):
            gap = other.blocks.money[block] * sign - least
            most = min(gap * metres_per_dong + ROUNDING, reach) + other.blocks.radii[block]
            if gap < 0 or apart(own.points[order], other.blocks.centres[block]) > most * most:
                continue
            for place in range(block * BLOCK, min(block * BLOCK + BLOCK, count)):
                gap = other.money[place] * sign - least
                lot, demand = (order, place) if of_lots else (place, order)
                most = min(gap * metres_per_dong + ROUNDING, demands.reach[demand])
                if gap < 0 or apart(own.points[order], other.points[place]) > most * most:
                    continue
                if fits(lots.levels[lot], demands.levels[demand]):
                    if size < found.shape[1]:
                        found[0, size] = lot
                        found[1, size] = demand
                    size += 1
    return size

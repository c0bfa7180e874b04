"""The proof that an allocation is best: prices, and complementary slackness, checked in one pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.errors import NotOptimal

Longs = NDArray[np.int64]
Places = NDArray[np.int32]


@dataclass(frozen=True)
class Allocation:
    """`taken` int64[a] of each arc; `lot_price` int64[m], `demand_price` int64[n] the dual prices."""

    taken: Longs
    lot_price: Longs
    demand_price: Longs


def check(
    supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs, allocation: Allocation
) -> None:
    """Raise NotOptimal unless `allocation` is feasible and its prices prove it best.

    Complementary slackness: prices p, q ≥ 0 with p + q ≥ gain on every arc, equality where something is
    taken, and nothing left over at any lot or demand whose price is above zero. By linear programming
    duality no allocation gains more than Σ supply·p + Σ demand·q, and this one gains just that.
    """
    taken, p, q = allocation.taken, allocation.lot_price, allocation.demand_price
    left, missing = spend(supply, lot, taken), spend(demand, buyer, taken)
    unpaid, wasted = slackness((lot, buyer), gain, taken, p, q)
    claims = {
        "a taken quantity is negative": (taken < 0).any(),
        "a lot is oversold": (left < 0).any(),
        "a demand is overfilled": (missing < 0).any(),
        "a price is negative": (p < 0).any() or (q < 0).any(),
        "an arc gains more than its prices": unpaid,
        "an arc is used that gains less than its prices": wasted,
        "a lot with a price is not sold out": ((p > 0) & (left > 0)).any(),
        "a demand with a price is not full": ((q > 0) & (missing > 0)).any(),
    }
    for claim, broken in claims.items():
        if broken:
            raise NotOptimal(claim)


@compiled
def spend(capacity: Longs, end: Places, taken: Longs) -> Longs:
    """What is left of each capacity; −1 where more is taken, however much more it is."""
    left = capacity.copy()
    for arc in range(len(end)):
        left[end[arc]] = max(left[end[arc]] - max(taken[arc], 0), -1)
    return left


@compiled
def slackness(
    ends: tuple[Places, Places], gain: Longs, taken: Longs, lot_price: Longs, demand_price: Longs
) -> tuple[bool, bool]:
    """Whether an arc gains more than its prices, and whether one is used that gains less.

    Prices below zero count as zero; so no difference can overflow.
    """
    unpaid = wasted = False
    for arc in range(len(gain)):
        price = max(lot_price[ends[0][arc]], 0), max(demand_price[ends[1][arc]], 0)
        lacking = max(gain[arc], -1) - price[0]
        unpaid = unpaid or lacking > price[1]
        wasted = wasted or (taken[arc] > 0 and lacking < price[1])
    return unpaid, wasted

"""The exact solver's door: the transportation problem with prices that prove the answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.errors import BadInput, NotOptimal, Overflow
from matcher.clearing.network import MOST_GAIN, Network

Longs = NDArray[np.int64]
Places = NDArray[np.int32]
MOST_QUANTITY = 1 << 62


@dataclass(frozen=True)
class Allocation:
    """`taken` int64[a] of each arc; `lot_price` int64[m], `demand_price` int64[n] the dual prices."""

    taken: Longs
    lot_price: Longs
    demand_price: Longs


def solve(supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs) -> Allocation:
    """The allocation of greatest total gain, exact in integers, by the network simplex.

    `supply` int64[m] and `demand` int64[n] are capacities; arc k joins lot[k] with buyer[k] (int32[a])
    and gains gain[k] (int64[a]) for each unit it carries. Several arcs may join the same two; an arc
    that does not gain is never used. The answer is checked before it is returned.
    Raises BadInput (arrays that do not fit together), Overflow (a gain of 2^58 or more, capacities that
    sum to 2^62 or more, or dual prices that leave 60 bits on the way), NotOptimal (a defect here).
    """
    _validate(supply, demand, lot, buyer, gain)
    lots, demands = np.flatnonzero(supply), np.flatnonzero(demand)
    arcs = np.flatnonzero((gain > 0) & (supply[lot] > 0) & (demand[buyer] > 0))
    network = Network(supply[lots], demand[demands])
    network.add(np.searchsorted(lots, lot[arcs]), np.searchsorted(demands, buyer[arcs]), gain[arcs])
    network.solve()
    taken, lot_price, demand_price = (np.zeros(len(like), np.int64) for like in (gain, supply, demand))
    taken[arcs] = network.taken
    lot_price[lots], demand_price[demands] = network.lot_price, network.demand_price
    _price_the_empty(lot_price, lot, gain - demand_price[buyer], supply == 0)
    _price_the_empty(demand_price, buyer, gain - lot_price[lot], demand == 0)
    allocation = Allocation(taken, lot_price, demand_price)
    check(supply, demand, lot, buyer, gain, allocation)
    return allocation


def check(
    supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs, allocation: Allocation
) -> None:
    """Raise NotOptimal unless `allocation` is feasible and its prices prove it best.

    Complementary slackness: prices p, q ≥ 0 with p + q ≥ gain on every arc, equality where something is
    taken, and nothing left over at any lot or demand whose price is above zero. By linear programming
    duality no allocation gains more than Σ supply·p + Σ demand·q, and this one gains just that.
    """
    taken, lot_price, demand_price = allocation.taken, allocation.lot_price, allocation.demand_price
    sold, filled = np.zeros(len(supply), np.int64), np.zeros(len(demand), np.int64)
    np.add.at(sold, lot, taken)
    np.add.at(filled, buyer, taken)
    slack = lot_price[lot] + demand_price[buyer] - gain
    claims = {
        "a taken quantity is negative": (taken < 0).any(),
        "a lot is oversold": (sold > supply).any(),
        "a demand is overfilled": (filled > demand).any(),
        "a price is negative": (lot_price < 0).any() or (demand_price < 0).any(),
        "an arc gains more than its prices": (slack < 0).any(),
        "an arc is used that gains less than its prices": (slack[taken > 0] != 0).any(),
        "a lot with a price is not sold out": (sold[lot_price > 0] != supply[lot_price > 0]).any(),
        "a demand with a price is not full": (filled[demand_price > 0] != demand[demand_price > 0]).any(),
    }
    for claim, broken in claims.items():
        if broken:
            raise NotOptimal(claim)


def _price_the_empty(price: Longs, end: Places, worth: Longs, empty: NDArray[np.bool_]) -> None:
    """Give those without capacity, whom the simplex never sees, the least price that proves them out."""
    some = empty[end]
    np.maximum.at(price, end[some], worth[some])


def _validate(supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "supply": supply, "demand": demand, "lot": lot, "buyer": buyer, "gain": gain,
    }  # fmt: skip
    for name, array in arrays.items():
        dtype = np.dtype(np.int32 if name in ("lot", "buyer") else np.int64)
        if array.ndim != 1 or array.dtype != dtype:
            raise BadInput(
                f"{name} is {array.dtype} with {array.ndim} dimensions; {dtype} with one is needed"
            )
    if not len(lot) == len(buyer) == len(gain):
        raise BadInput(f"{len(lot)} lots, {len(buyer)} buyers and {len(gain)} gains do not make arcs")
    for name, end, capacity in (("lot", lot, supply), ("buyer", buyer, demand)):
        if len(end) and (end.min() < 0 or end.max() >= len(capacity)):
            raise BadInput(f"{name} names a place outside 0 to {len(capacity) - 1}")
    for name, capacity in (("supply", supply), ("demand", demand)):
        if len(capacity) and capacity.min() < 0:
            raise BadInput(f"{name} is negative at {int(capacity.argmin())}")
        if sum(capacity.tolist()) >= MOST_QUANTITY:
            raise Overflow(f"{name} sums to 2^62 or more")
    if len(gain) and (gain.max() >= MOST_GAIN or gain.min() <= -MOST_GAIN):
        raise Overflow("a gain is 2^58 or more, or -2^58 or less")

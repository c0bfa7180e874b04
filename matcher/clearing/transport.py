"""The exact solver's door: the transportation problem with prices that prove the answer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.certificate import Allocation, check
from matcher.clearing.errors import BadInput, NotOptimal, Overflow
from matcher.clearing.solver import fallback
from matcher.clearing.solver.locality import near_each_other
from matcher.clearing.solver.network import MOST_GAIN, Network

Longs = NDArray[np.int64]
Places = NDArray[np.int32]
MOST_QUANTITY = 1 << 62

__all__ = ["Allocation", "check", "solve"]


def solve(supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs) -> Allocation:
    """The allocation of greatest total gain, exact in integers, by the network simplex.

    `supply` int64[m] and `demand` int64[n] are capacities; arc k joins lot[k] with buyer[k] (int32[a])
    and gains gain[k] (int64[a]) for each unit it carries. Several arcs may join the same two; an arc
    that does not gain is never used. The answer is checked before it is returned; should the simplex
    fail the check, HiGHS is asked, and checked too.
    Raises BadInput (arrays that do not fit together), Overflow (a gain of 2^58 or more, capacities that
    sum to 2^62 or more, or dual prices that leave 60 bits on the way), NotOptimal (a defect here).
    """
    _validate(supply, demand, lot, buyer, gain)
    problem = supply, demand, lot, buyer, gain
    allocation = _by_simplex(*problem)
    try:
        check(*problem, allocation)
    except NotOptimal:
        allocation = fallback.solve(*problem)
        check(*problem, allocation)
    return allocation


def _by_simplex(supply: Longs, demand: Longs, lot: Places, buyer: Places, gain: Longs) -> Allocation:
    arcs = np.flatnonzero((gain > 0) & (supply[lot] > 0) & (demand[buyer] > 0)).astype(np.int32)
    ends = lot[arcs], buyer[arcs]
    order = near_each_other(*ends, len(supply), len(demand))
    network = Network(supply[order.lots], demand[order.demands])
    network.add(
        _place(order.lots)[ends[0][order.arcs]],
        _place(order.demands)[ends[1][order.arcs]],
        gain[arcs][order.arcs],
    )
    network.solve()
    taken, lot_price, demand_price = (np.zeros(len(like), np.int64) for like in (gain, supply, demand))
    taken[arcs[order.arcs]] = network.taken
    lot_price[order.lots], demand_price[order.demands] = network.lot_price, network.demand_price
    _price_the_empty(lot_price, lot, gain - demand_price[buyer], supply == 0)
    _price_the_empty(demand_price, buyer, gain - lot_price[lot], demand == 0)
    return Allocation(taken, lot_price, demand_price)


def _place(order: Places) -> Places:
    """Of each entry its place in `order`."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place


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

"""Small transportation problems, their optimum by another's solver, and proofs checked in plain Python."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from matcher.clearing import transport
from matcher.clearing.certificate import Allocation, check

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Instance:
    supply: Longs
    demand: Longs
    lot: NDArray[np.int32]
    buyer: NDArray[np.int32]
    gain: Longs

    def solve(self) -> Allocation:
        return transport.solve(self.supply, self.demand, self.lot, self.buyer, self.gain)

    def check(self, allocation: Allocation) -> None:
        check(self.supply, self.demand, self.lot, self.buyer, self.gain, allocation)


@st.composite
def instances(draw: st.DrawFn, most: int = 7) -> Instance:
    """Of any shape: a side empty, no arcs, doubled arcs, separate parts, losses, ties, no capacity."""
    m, n = draw(st.integers(0, most)), draw(st.integers(0, most))
    arcs = draw(st.integers(0, 3 * most)) if m and n else 0
    gains = draw(st.sampled_from([st.integers(-2, 3), st.integers(-50, 1000), st.just(5)]))
    capacities = draw(st.sampled_from([st.integers(0, 3), st.integers(0, 1000), st.just(1)]))
    return Instance(
        draw(arrays.arrays(np.int64, m, elements=capacities)),
        draw(arrays.arrays(np.int64, n, elements=capacities)),
        draw(arrays.arrays(np.int32, arcs, elements=st.integers(0, max(m - 1, 0)))),
        draw(arrays.arrays(np.int32, arcs, elements=st.integers(0, max(n - 1, 0)))),
        draw(arrays.arrays(np.int64, arcs, elements=gains)),
    )


def random_instance(lots: int, demands: int, arcs: int, seed: int) -> Instance:
    """In the manner of NETGEN: random ends, capacities and gains."""
    random = np.random.default_rng(seed)
    return Instance(
        random.integers(0, 100, lots),
        random.integers(0, 100, demands),
        random.integers(0, lots, arcs, dtype=np.int32),
        random.integers(0, demands, arcs, dtype=np.int32),
        random.integers(-20, 1000, arcs),
    )


def best_gain(instance: Instance, room: Longs | None = None) -> int:
    """By HiGHS; exact after rounding, as an optimum at a vertex of this polytope is whole."""
    if not len(instance.gain):
        return 0
    arc = np.arange(len(instance.gain))
    rows = np.concatenate([instance.lot, len(instance.supply) + instance.buyer])
    shape = len(instance.supply) + len(instance.demand), len(arc)
    ends = coo_array((np.ones(2 * len(arc)), (rows, np.tile(arc, 2))), shape=shape)
    capacity = np.concatenate([instance.supply, instance.demand]).astype(np.float64)
    found = milp(
        -instance.gain.astype(np.float64),
        constraints=LinearConstraint(ends.tocsc(), -np.inf, capacity),
        bounds=Bounds(0, np.inf if room is None else room.astype(np.float64)),
    )
    assert found.fun is not None
    return round(-found.fun)


def assert_proven(instance: Instance, allocation: Allocation) -> None:
    """Feasible, and worth in all what the prices say that nothing can exceed; in plain Python integers."""
    taken, left = allocation.taken.tolist(), instance.supply.tolist()
    missing = instance.demand.tolist()
    p, q = allocation.lot_price.tolist(), allocation.demand_price.tolist()
    assert min([0, *p, *q, *taken]) >= 0
    gained = 0
    ends = zip(instance.lot.tolist(), instance.buyer.tolist(), instance.gain.tolist(), taken, strict=True)
    for lot, buyer, gain, quantity in ends:
        left[lot] -= quantity
        missing[buyer] -= quantity
        gained += gain * quantity
        assert p[lot] + q[buyer] >= gain
        assert quantity == 0 or p[lot] + q[buyer] == gain
    assert min([0, *left, *missing]) >= 0
    assert all(price == 0 for price, rest in zip([*p, *q], [*left, *missing], strict=True) if rest)
    capacities = [*instance.supply.tolist(), *instance.demand.tolist()]
    assert gained == sum(a * b for a, b in zip([*p, *q], capacities, strict=True))

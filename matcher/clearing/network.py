"""A transportation problem in the making: capacities, arcs, what is taken, and the prices that prove it.

A Network is solved once and can then be changed and solved again for little more than the change costs:
`add` brings further arcs, `limit` lowers what arcs may carry. It is the mutable inside of
`transport.solve`, of the search for candidates and of the minimum terms.
"""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.errors import Overflow

MOST_GAIN = 1 << 58  # sums of three figures below 4 times this stay below 2^62
NO_LIMIT = 1 << 62

Longs = NDArray[np.int64]


class Network:
    """Arcs from lots (supply int64[m]) to demands (wanted int64[n]), all with something to give and to want.

    Raises Overflow, from solve and limit, where potentials leave 60 bits.
    """

    def __init__(self, supply: Longs, wanted: Longs) -> None:
        self._simplex = _simplex()
        lots, demands = len(supply), len(wanted)
        self._lots, self._nodes = lots, lots + demands
        nodes, root = self._nodes + 1, np.full(lots + demands, lots + demands, np.int32)
        self._tree = self._simplex.Tree(
            *(np.zeros(nodes, dtype) for dtype in (np.int32, np.int32, np.int8, np.int32, np.int64)),
            *(np.zeros(nodes, np.int32) for _ in range(3)),
        )
        source, target = root.copy(), root.copy()
        source[:lots] = np.arange(lots)
        target[lots:] = np.arange(lots, self._nodes)
        self._arcs = self._simplex.Arcs(
            source=source,
            target=target,
            gain=np.zeros(self._nodes, np.int64),
            room=np.full(self._nodes, NO_LIMIT, np.int64),
            flow=np.concatenate([supply, wanted]).astype(np.int64),
            state=np.zeros(self._nodes, np.int8),
        )
        self._simplex.plant(self._arcs, self._tree, lots)

    @property
    def taken(self) -> Longs:
        """int64[a], of each arc in the order in which they were added."""
        taken: Longs = self._arcs.flow[self._nodes :]
        return taken

    @property
    def lot_price(self) -> Longs:
        price: Longs = self._tree.potential[: self._lots].copy()
        return price

    @property
    def demand_price(self) -> Longs:
        price: Longs = -self._tree.potential[self._lots : self._nodes]
        return price

    def add(
        self, lot: NDArray[np.integer], demand: NDArray[np.integer], gain: Longs, room: Longs | None = None
    ) -> None:
        """Further arcs; `room` is the most each may carry (default: no limit)."""
        count = len(gain)
        more = self._simplex.Arcs(
            source=lot.astype(np.int32),
            target=(demand + self._lots).astype(np.int32),
            gain=gain,
            room=np.full(count, NO_LIMIT, np.int64) if room is None else room,
            flow=np.zeros(count, np.int64),
            state=np.ones(count, np.int8),
        )
        self._arcs = self._simplex.Arcs(*map(np.concatenate, zip(self._arcs, more, strict=True)))

    def solve(self) -> None:
        """Take what gains most in all."""
        block = max(20, int(len(self._arcs.gain) ** 0.5))
        if self._simplex.optimise(self._arcs, self._tree, block) < 0:
            raise Overflow("dual prices on the way left 60 bits; the gains are too large")

    def limit(self, arc: int, room: int) -> None:
        """Let the arc carry at most `room`; solve again afterwards."""
        if not self._simplex.limit(self._arcs, self._tree, self._nodes + arc, room):
            raise Overflow("dual prices on the way left 60 bits; the gains are too large")


def _simplex() -> ModuleType:
    # numba takes a third of a second to import: only a process that clears should pay for it
    from matcher.clearing import simplex  # noqa: PLC0415

    return simplex

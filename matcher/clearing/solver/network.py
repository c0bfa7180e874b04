"""A transportation problem in the making: capacities, arcs, what is taken, and the prices that prove it.

A Network is solved once and can then be changed and solved again for little more than the change costs:
`add` brings further arcs, `limit` lowers what arcs may carry. It is the mutable inside of
`transport.solve`, of the search for candidates and of the minimum terms.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.errors import Overflow
from matcher.clearing.solver import simplex, spanning
from matcher.clearing.solver.renumber import by_walk, renumbered

PIVOTS, ARCS = 20_000, 20  # after so many, or one to so many arcs, nodes are put next to their neighbours
MOST_GAIN = 1 << 58  # sums of three figures below 4 times this stay below 2^62

Longs = NDArray[np.int64]


class Network:
    """Arcs from lots (supply int64[m]) to demands (wanted int64[n]), all with something to give and to want.

    Raises Overflow, from solve and limit, where potentials leave 60 bits.
    """

    def __init__(self, supply: Longs, wanted: Longs) -> None:
        lots, nodes = len(supply), len(supply) + len(wanted)
        self._lots, self._nodes = lots, nodes
        source, target = np.full((2, nodes), nodes, np.int32)
        source[:lots] = np.arange(lots)
        target[lots:] = np.arange(lots, nodes)
        self._arcs = simplex.Arcs(
            source=source,
            target=target,
            gain=np.zeros(nodes, np.int64),
            room=np.full(nodes, spanning.NO_LIMIT, np.int64),
            state=np.full(nodes, simplex.BASIC, np.int8),
        )
        self._tree = spanning.bare(nodes + 1)
        spanning.plant(self._tree, np.concatenate([supply, wanted]), lots)

    @property
    def basis(self) -> tuple[simplex.Arcs, spanning.Tree]:
        """The arcs, slack arcs first, and the tree, for `ways` to go on from."""
        return self._arcs, self._tree

    @property
    def taken(self) -> Longs:
        """int64[a], of each arc in the order in which they were added."""
        taken: Longs = simplex.flows(self._arcs, self._tree)[self._nodes :]
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
        arcs, count = self._arcs, len(gain)
        room = np.full(count, spanning.NO_LIMIT, np.int64) if room is None else room
        self._arcs = simplex.Arcs(
            source=np.concatenate([arcs.source, lot.astype(np.int32)]),
            target=np.concatenate([arcs.target, (demand + self._lots).astype(np.int32)]),
            gain=np.concatenate([arcs.gain, gain]),
            room=np.concatenate([arcs.room, room]),
            state=np.concatenate([arcs.state, np.full(count, simplex.LOWER, np.int8)]),
        )

    def solve(self) -> None:
        """Take what gains most in all."""
        most = max(PIVOTS, len(self._arcs.gain) // ARCS)
        if self._pivot(most) < most:
            return
        # What is read and changed together is put close together in memory, for the while.
        number = np.arange(self._nodes + 1, dtype=np.int32)
        pivots = most
        while pivots == most:
            number = self._renumber(by_walk(self._tree))[number]
            pivots = self._pivot(most)
        self._renumber(np.argsort(number).astype(np.int32))

    def _renumber(self, number: NDArray[np.int32]) -> NDArray[np.int32]:
        self._arcs, self._tree = renumbered(self._arcs, self._tree, number)
        return number

    def _pivot(self, most: int) -> int:
        pivots = simplex.optimise(self._arcs, self._tree, most)
        if pivots < 0:
            raise Overflow("dual prices on the way left 60 bits; the gains are too large")
        return pivots

    def limit(self, arcs: Longs, room: Longs) -> None:
        """Let each of the arcs carry at most its `room`; solve again afterwards."""
        if not simplex.limit_all(self._arcs, self._tree, self._nodes + arcs, room):
            raise Overflow("dual prices on the way left 60 bits; the gains are too large")

"""The takes of a standing book that keep the minimum terms, beside the best without them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.find import Solved
from matcher.clearing.standing.meanwhile import taken_meanwhile
from matcher.clearing.standing.nearby import arcs_near, best_around
from matcher.clearing.standing.relaxation import Relaxation
from matcher.clearing.standing.takes import Takes
from matcher.clearing.standing.ways import TooMuch
from matcher.clearing.terms import branch

Longs = NDArray[np.int64]
LOTS, DEMANDS = 10, 6  # freed in one neighbourhood
NEIGHBOURHOODS = 12  # searched for one change before what is doubtful still is put off
MOST_NEIGHBOURHOODS = 2_000  # searched for one change in all
EACH = 4_000  # of a change's effort allow one more
STEPS = 60  # relaxations at most in one neighbourhood
TOGETHER = 1_000  # arcs that are made to take what the relaxation does again, besides those that changed
HELD = 64  # orders that are held, at most, that take something meanwhile
DRIFT = 1_000  # of the relaxation's value one part in so many may be lost before the whole book is cleared


class Keeping:
    """Where no term is in the way, `takes` are the relaxation's flow.

    Elsewhere what no term binds is made best around a change, then what it touches is searched by
    neighbourhoods, and what that betters touches others; `doubtful` are demands whose neighbourhood is still
    to be searched. All else stays. While work is put off, what is held takes what it can `meanwhile`.
    """

    def __init__(self, begun: Solved, relaxation: Relaxation) -> None:
        self._relaxation, self._ways, self._shift = relaxation, relaxation.ways, begun.ties.shift
        self.takes = Takes(begun, relaxation)
        self._gap = relaxation.value - self.takes.welfare
        self._meanwhile: dict[int, int] = {}
        self.doubtful: list[int] = []
        self.refused: dict[bool, set[int]] = {True: set(), False: set()}
        for of_lots, orders in ((True, relaxation.growing.lots), (False, relaxation.growing.demands)):
            self._note_refused(of_lots, np.arange(orders.count))

    def follow(self, carried: Sequence[tuple[int, int, int]], effort: int) -> tuple[Longs, Longs]:
        """Goes after the relaxation's last change; returns arcs that take another quantity, and what it was.

        `carried` are lot, demand and what was taken between them before an order of theirs changed. The more
        `effort`, the fewer demands are left doubtful.
        Raises TooMuch where the terms have come to cost much more than in the beginning.
        """
        self.takes.learn()
        before: dict[int, int] = {}
        placed = np.array([*self._meanwhile.items()], np.int64).reshape(-1, 2)
        self.takes.set(placed[:, 0], placed[:, 1], before)
        lost = self._drop_dead(carried, before)
        # What was carried over or dropped may take another quantity though the relaxation's did not change.
        arcs = np.union1d(self._relaxation.arcs, np.array([*before], np.int64))
        arcs = arcs[self._ways.gain[arcs] > 0]
        if not (self._as_relaxed(self._apart_with(arcs), before) or self._as_relaxed(arcs, before)):
            self._doubt(arcs, lost)
        if self.takes.welfare != self._relaxation.value and not self._relaxation.owed:
            self._move_unbound(arcs, before)
        self._search(effort, before)
        self._place_held(before)
        touched = np.array(
            [*before, *self._relaxation.arcs.tolist(), *self._relaxation.dead.tolist()], np.int64
        )
        for of_lots, ends in ((True, self._ways.lot), (False, self._ways.demand)):
            self._note_refused(of_lots, np.unique(ends[touched]))
        taken = self.takes.by_arc
        changed = np.array(sorted(arc for arc, was in before.items() if taken[arc] != was), np.int64)
        if self._relaxation.value - self.takes.welfare - self._gap > self._relaxation.value // DRIFT:
            raise TooMuch
        return changed, np.array([before[arc] for arc in changed.tolist()], np.int64)

    def _drop_dead(self, carried: Sequence[tuple[int, int, int]], before: dict[int, int]) -> list[int]:
        """Takes nothing by arcs that are no more, and by new ones what was `carried` over to them.

        Returns the demands that lost something; one that is then filled too little loses the rest too.
        """
        takes, dead = self.takes, self._relaxation.dead
        dead = dead[takes.by_arc[dead] > 0]
        takes.set(dead, np.zeros(len(dead), np.int64), before)
        lost: list[int] = self._ways.demand[dead].tolist()
        for lot, demand, taken in carried:
            self._carry(lot, demand, taken, before)
            lost.append(demand)
        for demand in dict.fromkeys(lost):
            used = takes.used(False, demand)
            most = int(takes.problem.max_sellers[demand]) or len(used)
            if takes.of(False, np.array(demand)) < takes.problem.min_fill[demand] or len(used) > most:
                takes.set(used, np.zeros(len(used), np.int64), before)
        return list(dict.fromkeys(lost))

    def _carry(self, lot: int, demand: int, taken: int, before: dict[int, int]) -> None:
        takes, problem = self.takes, self.takes.problem
        arcs = self._ways.of(True, lot)
        for arc in arcs[self._ways.demand[arcs] == demand]:
            ends = (True, np.array(lot)), (False, np.array(demand))
            room = min(taken, *(int(takes.left(*end)) for end in ends))
            whole = room // problem.multiple[arc] * problem.multiple[arc]
            if whole >= problem.least[arc]:
                takes.set(np.array([arc]), np.array([whole]), before)

    def _place_held(self, before: dict[int, int]) -> None:
        """Has orders that are held take what they can; the next change begins with taking it back."""
        self._meanwhile = {}
        held = self._ways.held_orders() if self._relaxation.owed else []
        for of_lots, order in held[:HELD]:
            self.takes.set(*taken_meanwhile(self.takes, of_lots, order), self._meanwhile)
        for arc, taken in self._meanwhile.items():
            before.setdefault(arc, taken)

    def _apart_with(self, arcs: Longs) -> Longs:
        """These arcs, and those not as the relaxation has them that common orders lead to; not too many."""
        ways, every = self._ways, arcs
        while len(every) <= len(arcs) + TOGETHER:
            ends = ((True, ways.lot), (False, ways.demand))
            own = np.concatenate(
                [ways.of_all(side, np.unique(end[every]).astype(np.int64)) for side, end in ends]
            )
            more = np.union1d(every, own[self.takes.by_arc[own] != ways.flow[own]])
            if len(more) == len(every):
                return every
            every = more
        return arcs

    def _as_relaxed(self, arcs: Longs, before: dict[int, int]) -> bool:
        """Takes by `arcs` what the relaxation does, if that keeps every term and loses nothing.

        While work is put off, orders that are held may lose what they will be given back.
        """
        takes = self.takes
        welfare, were = takes.welfare, takes.by_arc[arcs]
        takes.set(arcs, self._ways.flow[arcs], before)
        lots, demands = np.unique(self._ways.lot[arcs]), np.unique(self._ways.demand[arcs])
        if (takes.welfare >= welfare or self._relaxation.owed) and takes.kept(lots, demands):
            return True
        takes.set(arcs, were, before)
        return False

    def _doubt(self, arcs: Longs, lost: list[int]) -> None:
        """Has the neighbourhoods of what was touched searched, the worst hit first."""
        relaxation, ways = self._relaxation, self._ways
        wooed: list[int] = []
        for lot in relaxation.new[True].tolist():
            own = ways.of(True, lot)
            wooed += ways.demand[own[np.argsort(-ways.more(own), kind="stable")][:3]].tolist()
        touched = ways.demand[arcs].tolist()
        self.doubtful = [
            *dict.fromkeys([*lost, *relaxation.new[False].tolist(), *wooed, *touched, *self.doubtful])
        ]

    def _search(self, effort: int, before: dict[int, int]) -> None:
        """Betters neighbourhoods until none is doubtful, or so many were searched as the effort allows."""
        ways, takes = self._ways, self.takes
        waiting = dict.fromkeys(self.doubtful)
        for _ in range(min(max(effort // EACH, NEIGHBOURHOODS), MOST_NEIGHBOURHOODS)):
            if not waiting:
                break
            demand = next(iter(waiting))
            del waiting[demand]
            free = self._freed(demand)
            if not len(free):
                continue
            part, known = takes.part(free), takes.by_arc[free]
            best, _, _ = branch.search(part, self._shift, known, STEPS * (len(free) + branch.OVERHEAD))
            moved = free[best != known]
            takes.set(moved, best[best != known], before)
            waiting |= dict.fromkeys(ways.demand[moved].tolist())
        self.doubtful = [*waiting]

    def _move_unbound(self, arcs: Longs, before: dict[int, int]) -> None:
        """Makes best what no term binds around these arcs and all those of the orders that came."""
        ways = self._ways
        own = [ways.of_all(of_lots, orders) for of_lots, orders in self._relaxation.new.items()]
        arcs = np.concatenate([arcs, *own])
        near = arcs_near(self.takes, ways.lot[arcs], ways.demand[arcs])
        if len(near):
            self.takes.set(near, best_around(self.takes, near), before)

    def _freed(self, demand: int) -> Longs:
        """The arcs of a demand, and of its rivals for the lots it would gain most from, with those lots."""
        ways, takes = self._ways, self.takes
        own = ways.of(False, demand)
        wooed = ways.lot[own[np.argsort(-ways.more(own), kind="stable")][:LOTS]]
        rivals = [demand]
        for lot in wooed.tolist():
            rivals += ways.demand[takes.used(True, lot)].tolist()
        arcs = np.concatenate([ways.of(False, rival) for rival in [*dict.fromkeys(rivals)][:DEMANDS]])
        inside = np.union1d(wooed, ways.lot[arcs[takes.by_arc[arcs] > 0]])
        return np.sort(arcs[np.isin(ways.lot[arcs], inside)])

    def _note_refused(self, of_lots: bool, orders: Longs) -> None:
        """Which of these orders trade in the relaxation but take nothing."""
        trades = self._ways.whole(of_lots)[orders] > self._ways.left(of_lots, orders)
        refused = trades & (self.takes.of(of_lots, orders) == 0)
        self.refused[of_lots].difference_update(orders.tolist())
        self.refused[of_lots].update(orders[refused].tolist())

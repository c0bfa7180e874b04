"""The takes of a standing book that keep the minimum terms, beside the best without them."""

from collections.abc import Sequence
from dataclasses import replace
from operator import mul

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import branch, minimum
from matcher.clearing.find import Solved
from matcher.clearing.growing import grown
from matcher.clearing.minimum import Problem
from matcher.clearing.relaxation import Relaxation
from matcher.clearing.ways import TooMuch

Longs = NDArray[np.int64]
Places = NDArray[np.integer]
LOTS, DEMANDS = 10, 6  # freed in one neighbourhood
NEIGHBOURHOODS = 12  # searched for one change
STEPS = 20  # relaxations at most in one neighbourhood
TOGETHER = 1_000  # arcs that are made to take what the relaxation does again, besides those that changed
DRIFT = 300  # of the relaxation's value one part in so many may be lost before the whole book is cleared


class Keeping:
    """`taken` int64 of each arc keeps every term; `welfare` is its value, đồng·g/kg.

    Where no term is in the way it is the relaxation's flow. Elsewhere what a change touches is searched by
    neighbourhoods, as `around` does, and everything else stays as it is.
    """

    def __init__(self, begun: Solved, relaxation: Relaxation) -> None:
        ways, book = relaxation.ways, relaxation.growing.book
        self._relaxation, self._ways, self._book = relaxation, ways, book
        self._shift = begun.ties.shift
        arcs = len(ways.gain)
        self.taken = grown(begun.taken[relaxation.kept], arcs)
        self.welfare = begun.clearing.welfare
        self._gap = relaxation.value - self.welfare
        self._problem = Problem(
            supply=ways.whole(True),
            wanted=ways.whole(False),
            lot=ways.lot,
            demand=ways.demand,
            value=ways.value,
            gain=ways.gain,
            least=np.ones(arcs, np.int64),
            multiple=np.ones(arcs, np.int64),
            lots_own=np.zeros(arcs, np.bool_),
            min_fill=book.demands.min_fill,
            max_sellers=np.zeros(len(book.demands), np.int64),
        )
        self._known = 0
        self._sold = np.zeros(len(book.lots), np.int64)
        self._filled = np.zeros(len(book.demands), np.int64)
        known = slice(0, ways.count)
        np.add.at(self._sold, ways.lot[known], self.taken[known])
        np.add.at(self._filled, ways.demand[known], self.taken[known])
        self._learn()
        self.refused: dict[bool, set[int]] = {True: set(), False: set()}
        for of_lots, orders in ((True, relaxation.growing.lots), (False, relaxation.growing.demands)):
            self._note_refused(of_lots, np.arange(orders.count))

    def follow(self, carried: Sequence[tuple[int, int, int]]) -> tuple[Longs, Longs]:
        """Goes after the relaxation's last change; returns arcs that take another quantity, and what it was.

        `carried` are lot, demand and what was taken between them before an order of theirs changed.
        Raises TooMuch where the terms have come to cost much more than in the beginning.
        """
        self._learn()
        before: dict[int, int] = {}
        lost = self._drop_dead(carried, before)
        # What was carried over or dropped may take another quantity though the relaxation's did not change.
        arcs = np.union1d(self._relaxation.arcs, np.array([*before], np.int64))
        arcs = arcs[self._ways.gain[arcs] > 0]
        if not (self._as_relaxed(self._apart_with(arcs), before) or self._as_relaxed(arcs, before)):
            self._search(arcs, lost, before)
        touched = np.array(
            [*before, *self._relaxation.arcs.tolist(), *self._relaxation.dead.tolist()], np.int64
        )
        for of_lots, ends in ((True, self._ways.lot), (False, self._ways.demand)):
            self._note_refused(of_lots, np.unique(ends[touched]))
        changed = np.array(sorted(arc for arc, taken in before.items() if self.taken[arc] != taken), np.int64)
        if self._relaxation.value - self.welfare - self._gap > self._relaxation.value // DRIFT:
            raise TooMuch
        return changed, np.array([before[arc] for arc in changed.tolist()], np.int64)

    def check(self) -> None:
        """Raises TermBroken unless all that is taken keeps every quantity and every term."""
        minimum.verify(self._problem.some(np.arange(self._ways.count)), self.taken[: self._ways.count])

    def _learn(self) -> None:
        """The terms of orders and arcs that are new."""
        ways, problem, book = self._ways, self._problem, self._book
        new = slice(self._known, ways.count)
        lot, demand = ways.lot[new], ways.demand[new]
        problem.least[new] = minimum.least(book, lot, demand)
        problem.multiple[new] = np.maximum(book.lots.multiple[lot], 1)
        problem.lots_own[new] = (book.lots.multiple[lot] > 0) | (
            book.lots.min_take[lot] >= book.demands.min_take[demand]
        )
        problem.max_sellers[:] = book.demands.max_sellers
        self._known = ways.count

    def _set(self, arc: int, taken: int, before: dict[int, int]) -> None:
        self._set_all(np.array([arc]), np.array([taken]), before)

    def _set_all(self, arcs: Longs, taken: Longs, before: dict[int, int]) -> None:
        """Takes so much by these arcs, each named once; notes in `before` what was taken at first."""
        were = self.taken[arcs]
        for arc, was in zip(arcs.tolist(), were.tolist(), strict=True):
            before.setdefault(arc, was)
        more = taken - were
        self.taken[arcs] = taken
        np.add.at(self._sold, self._ways.lot[arcs], more)
        np.add.at(self._filled, self._ways.demand[arcs], more)
        # A value times a quantity may take more than 64 bits.
        self.welfare += sum(map(mul, self._ways.value[arcs].tolist(), more.tolist()))

    def _drop_dead(self, carried: Sequence[tuple[int, int, int]], before: dict[int, int]) -> list[int]:
        """Takes nothing by arcs that are no more, and by new ones what was `carried` over to them.

        Returns the demands that lost something; one that is then filled too little loses the rest too.
        """
        lost: list[int] = []
        dead = self._relaxation.dead
        for arc in dead[self.taken[dead] > 0].tolist():
            self._set(arc, 0, before)
            lost.append(int(self._ways.demand[arc]))
        for lot, demand, taken in carried:
            self._carry(lot, demand, taken, before)
            lost.append(demand)
        for demand in dict.fromkeys(lost):
            used = self.used(False, demand)
            most = int(self._problem.max_sellers[demand]) or len(used)
            if self._filled[demand] < self._problem.min_fill[demand] or len(used) > most:
                for arc in used.tolist():
                    self._set(arc, 0, before)
        return list(dict.fromkeys(lost))

    def _carry(self, lot: int, demand: int, taken: int, before: dict[int, int]) -> None:
        problem = self._problem
        arcs = self._ways.of(True, lot)
        for arc in arcs[self._ways.demand[arcs] == demand].tolist():
            room = min(problem.supply[lot] - self._sold[lot], problem.wanted[demand] - self._filled[demand])
            whole = min(taken, int(room)) // int(problem.multiple[arc]) * int(problem.multiple[arc])
            if whole >= problem.least[arc]:
                self._set(arc, whole, before)

    def _apart_with(self, arcs: Longs) -> Longs:
        """These arcs, and those not as the relaxation has them that common orders lead to; not too many."""
        ways, every = self._ways, arcs
        while len(every) <= len(arcs) + TOGETHER:
            ends = ((True, ways.lot), (False, ways.demand))
            own = np.concatenate(
                [ways.of_all(side, np.unique(end[every]).astype(np.int64)) for side, end in ends]
            )
            more = np.union1d(every, own[self.taken[own] != ways.flow[own]])
            if len(more) == len(every):
                return every
            every = more
        return arcs

    def _as_relaxed(self, arcs: Longs, before: dict[int, int]) -> bool:
        """Takes by `arcs` what the relaxation does, if that keeps every term and loses nothing.

        While work is put off, orders that are held may lose what they will be given back.
        """
        welfare, were = self.welfare, self.taken[arcs]
        self._set_all(arcs, self._ways.flow[arcs], before)
        lots, demands = np.unique(self._ways.lot[arcs]), np.unique(self._ways.demand[arcs]).astype(np.int64)
        if (self.welfare >= welfare or self._relaxation.owed) and self._kept(lots, demands):
            return True
        self._set_all(arcs, were, before)
        return False

    def _kept(self, lots: Places, demands: Longs) -> bool:
        """Whether these orders' takes stay within their quantities and keep every term."""
        problem = self._problem
        filled = self._filled[demands]
        if (self._sold[lots] > problem.supply[lots]).any() or (filled > problem.wanted[demands]).any():
            return False
        if ((filled > 0) & (filled < problem.min_fill[demands])).any():
            return False
        arcs = self._ways.of_all(False, demands)
        arcs = arcs[self.taken[arcs] > 0]
        sellers = np.bincount(np.searchsorted(demands, self._ways.demand[arcs]), minlength=len(demands))
        most, taken = problem.max_sellers[demands], self.taken[arcs]
        if ((most > 0) & (sellers > most)).any():
            return False
        return not ((taken < problem.least[arcs]) | (taken % problem.multiple[arcs] != 0)).any()

    def used(self, of_lots: bool, place: int) -> Longs:
        arcs = self._ways.of(of_lots, place)
        return arcs[self.taken[arcs] > 0]

    def _search(self, arcs: Longs, lost: list[int], before: dict[int, int]) -> None:
        """Betters the neighbourhoods of what was touched, the worst hit first."""
        relaxation, ways = self._relaxation, self._ways
        wooed: list[int] = []
        for lot in relaxation.new[True].tolist():
            own = ways.of(True, lot)
            wooed += ways.demand[own[np.argsort(-self._more(own), kind="stable")][:3]].tolist()
        touched = ways.demand[arcs].tolist()
        demands = dict.fromkeys([*lost, *relaxation.new[False].tolist(), *wooed, *touched])
        for demand in [*demands][:NEIGHBOURHOODS]:
            free = self._freed(demand)
            if not len(free):
                continue
            part = self._problem.part(free)
            lots, place = np.unique(ways.lot[free], return_inverse=True)
            sold = self._sold[lots]
            np.subtract.at(sold, place, self.taken[free])
            known = self.taken[free]
            part = replace(part, supply=part.supply - sold)
            best, _, _ = branch.search(part, self._shift, known, STEPS * (len(free) + branch.OVERHEAD))
            for arc, taken in zip(free[best != known].tolist(), best[best != known].tolist(), strict=True):
                self._set(arc, taken, before)

    def _freed(self, demand: int) -> Longs:
        """The arcs of a demand, and of its rivals for the lots it would gain most from, with those lots."""
        ways = self._ways
        own = ways.of(False, demand)
        wooed = ways.lot[own[np.argsort(-self._more(own), kind="stable")][:LOTS]]
        rivals = [demand]
        for lot in wooed.tolist():
            rivals += ways.demand[self.used(True, lot)].tolist()
        arcs = np.concatenate([ways.of(False, rival) for rival in [*dict.fromkeys(rivals)][:DEMANDS]])
        inside = np.union1d(wooed, ways.lot[arcs[self.taken[arcs] > 0]])
        return np.sort(arcs[np.isin(ways.lot[arcs], inside)])

    def _more(self, arcs: Longs) -> Longs:
        """What the arcs gain over the relaxation's prices, zero at best."""
        ways = self._ways
        lot, demand = ways.lot[arcs], ways.demand[arcs]
        more: Longs = ways.gain[arcs] - ways.price(True, lot) - ways.price(False, demand)
        return more

    def _note_refused(self, of_lots: bool, orders: Longs) -> None:
        """Which of these orders trade in the relaxation but take nothing."""
        trades = self._ways.whole(of_lots)[orders] > self._ways.left(of_lots, orders)
        taken = self._sold[orders] if of_lots else self._filled[orders]
        refused = trades & (taken == 0)
        self.refused[of_lots].difference_update(orders.tolist())
        self.refused[of_lots].update(orders[refused].tolist())

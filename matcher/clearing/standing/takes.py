"""What is taken by each arc of a standing book, and of each order, and the minimum terms it has to keep."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.exact import total
from matcher.clearing.find import Solved
from matcher.clearing.standing.growing import grown
from matcher.clearing.standing.relaxation import Relaxation
from matcher.clearing.terms import minimum
from matcher.clearing.terms.minimum import Problem

Longs = NDArray[np.int64]
Places = NDArray[np.integer]


class Takes:
    """`by_arc` int64, g; `welfare` is its value, đồng·g/kg; `problem` has arcs and terms by place."""

    def __init__(self, begun: Solved, relaxation: Relaxation) -> None:
        ways, book = relaxation.ways, relaxation.growing.book
        self.ways, self._book = ways, book
        arcs = len(ways.gain)
        self.by_arc = grown(begun.taken[relaxation.kept], arcs)
        self.welfare = begun.clearing.welfare
        self.problem = Problem(
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
        self._of = {True: np.zeros(len(book.lots), np.int64), False: np.zeros(len(book.demands), np.int64)}
        known = slice(0, ways.count)
        np.add.at(self._of[True], ways.lot[known], self.by_arc[known])
        np.add.at(self._of[False], ways.demand[known], self.by_arc[known])
        self.learn()

    def learn(self) -> None:
        """The terms of orders and arcs that are new."""
        ways, problem, book = self.ways, self.problem, self._book
        new = slice(self._known, ways.count)
        lot, demand = ways.lot[new], ways.demand[new]
        problem.least[new] = minimum.least(book, lot, demand)
        problem.multiple[new] = np.maximum(book.lots.multiple[lot], 1)
        problem.lots_own[new] = (book.lots.multiple[lot] > 0) | (
            book.lots.min_take[lot] >= book.demands.min_take[demand]
        )
        problem.max_sellers[:] = book.demands.max_sellers
        self._known = ways.count

    def of(self, of_lots: bool, places: Places) -> Longs:
        """What is taken of these orders in all."""
        return self._of[of_lots][places]

    def left(self, of_lots: bool, places: Places) -> Longs:
        """What these orders have over."""
        left: Longs = self.ways.whole(of_lots)[places] - self._of[of_lots][places]
        return left

    def part(self, arcs: Longs) -> Problem:
        """The problem of these arcs alone, less what their orders take by others."""
        part, known = minimum.part(self.problem, arcs), self.by_arc[arcs]
        supply, wanted, fill = part.supply.copy(), part.wanted.copy(), part.min_fill.copy()
        sold, filled = np.zeros_like(supply), np.zeros_like(wanted)
        np.add.at(sold, part.lot, known)
        np.add.at(filled, part.demand, known)
        supply[part.lot] += sold[part.lot] - self.of(True, self.ways.lot[arcs])
        elsewhere = self.of(False, self.ways.demand[arcs]) - filled[part.demand]
        wanted[part.demand] -= elsewhere
        fill[part.demand] = np.maximum(part.min_fill[part.demand] - elsewhere, 0)
        return part._replace(supply=supply, wanted=wanted, min_fill=fill)

    def used(self, of_lots: bool, place: int) -> Longs:
        """The arcs of an order by which anything is taken."""
        arcs = self.ways.of(of_lots, place)
        return arcs[self.by_arc[arcs] > 0]

    def set(self, arcs: Longs, taken: Longs, before: dict[int, int]) -> None:
        """Takes so much by these arcs, each named once; notes in `before` what was taken at first."""
        were = self.by_arc[arcs]
        for arc, was in zip(arcs.tolist(), were.tolist(), strict=True):
            before.setdefault(arc, was)
        more = taken - were
        self.by_arc[arcs] = taken
        np.add.at(self._of[True], self.ways.lot[arcs], more)
        np.add.at(self._of[False], self.ways.demand[arcs], more)
        self.welfare += total(self.ways.value[arcs], more)

    def kept(self, lots: Places, demands: Places) -> bool:
        """Whether what is taken of these orders stays within their quantities and keeps every term."""
        problem, filled = self.problem, self.of(False, demands)
        if (self.left(True, lots) < 0).any() or (self.left(False, demands) < 0).any():
            return False
        if ((filled > 0) & (filled < problem.min_fill[demands])).any():
            return False
        arcs = self.ways.of_all(False, demands.astype(np.int64))
        arcs = arcs[self.by_arc[arcs] > 0]
        sellers = np.bincount(np.searchsorted(demands, self.ways.demand[arcs]), minlength=len(demands))
        most, taken = problem.max_sellers[demands], self.by_arc[arcs]
        if ((most > 0) & (sellers > most)).any():
            return False
        return not ((taken < problem.least[arcs]) | (taken % problem.multiple[arcs] != 0)).any()

    def check(self) -> None:
        """Raises TermBroken unless all that is taken keeps every quantity and every term."""
        minimum.verify(self.problem.some(np.arange(self.ways.count)), self.by_arc[: self.ways.count])

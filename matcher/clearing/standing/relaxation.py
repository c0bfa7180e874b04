"""A growing book kept at its best without minimum terms: exactly, over all of its pairs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.errors import NotOptimal
from matcher.clearing.exact import total
from matcher.clearing.find import Solved
from matcher.clearing.groups import rank
from matcher.clearing.pairs import Pairs
from matcher.clearing.solver.spanning import NONE
from matcher.clearing.standing.growing import GrowingBook
from matcher.clearing.standing.outlying import Outlying, joined, margin
from matcher.clearing.standing.ways import Ways
from matcher.clearing.terms import minimum
from matcher.clearing.ties import room_of

Longs = NDArray[np.int64]
# Where there are minimum terms, pairs may be asked for that do not gain without them:
BEYOND = 16  # a new order knows those that lack at most the highest bid over this,
BESIDE = 16  # and from the beginning so many arcs at least of each order go along.


class Relaxation:
    """`value` is that of all flow, đồng·g/kg; `owed` the most by which it may still grow, as work is put off.

    Of the last change: `arcs` carry another flow, `dead` are no more; `moved` are the orders whose price may
    have moved, by whether they are lots, and `new` those that came. `there` says which places have an order.
    """

    def __init__(self, begun: Solved) -> None:
        """`kept` says which arcs of `begun` go along."""
        book, room = begun.book, room_of(len(begun.book.lots), len(begun.book.demands))
        self.growing = GrowingBook(book, room)
        self.kept = _kept(begun)
        whole = minimum.supply(book), book.demands.quantity
        self.ways = Ways(begun.network, whole, begun.arcs.value, self.kept, room)
        self.value, self.owed = begun.clearing.relaxation, 0
        self._terms = minimum.has_terms(book.lots, book.demands)
        self._beyond = (int(book.demands.bid.max(initial=0)) // BEYOND) << begun.ties.shift
        self._outlying = Outlying(self.growing, self.ways, begun.ties)
        self.ties = self._outlying.ties
        for pairs in self._outlying.fences(len(begun.arcs)):
            self._add(pairs)
        self.ways.begin()
        self.ways.settle(0)
        self.there = {
            of_lots: np.arange(len(orders)) < orders.count
            for of_lots, orders in ((True, self.growing.lots), (False, self.growing.demands))
        }
        self.arcs = self.dead = np.empty(0, np.int64)
        self.moved = self.new = {True: self.arcs, False: self.arcs}

    def change(
        self,
        gone: tuple[Iterable[int], Iterable[int]],
        lots: Lots,
        demands: Demands,
        declined: Iterable[tuple[int, int]],
        wished: Longs,
        effort: int,
    ) -> None:
        """Lets the lots and demands at these places go, takes others in, and is at its best again.

        What is not done when the work comes to `effort` is put off to the next change.

        New orders take the next places; `declined` pairs of places, theirs too, are not proposed. Pairs in
        `wished` int64[k, 2], one of them new, are to have an arc if they may.
        Raises TooMuch, after which it is of no more use; NotOptimal where its own proof fails.
        """
        self.ways.begin()
        dead = [np.empty(0, np.int64)]
        for of_lots, places in zip((True, False), gone, strict=True):
            for place in places:
                dead.append(self.ways.of(of_lots, place))
                self.ways.close(of_lots, place)
                self._outlying.leave(of_lots, place)
                self.there[of_lots][place] = False
        self.dead = np.unique(np.concatenate(dead))
        self._enter(lots, demands)
        for lot, demand in declined:
            self.growing.decline(lot, demand)
        if len(wished):
            self._add(self._outlying.possible(wished[:, 0], wished[:, 1])[0])
        self._terms = self._terms or minimum.has_terms(lots, demands)
        self._add_gaining(self.new, self._beyond if self._terms else 0)
        for of_lots, places in self.new.items():
            self.ways.hold(of_lots, places)
        self._settle(effort)
        self.owed = self._owed()
        self.arcs, more = self.ways.touched()
        self.value += total(self.ways.value[self.arcs], more)
        for of_lots in (True, False):
            self.check(of_lots, self.ways.looked(of_lots))

    def check(self, of_lots: bool, places: Longs) -> None:
        """Raises NotOptimal unless the prices of these orders prove what their arcs take."""
        wrong = self.ways.unproven(of_lots, places)
        if wrong != NONE:
            raise NotOptimal(
                f"the {'lot' if of_lots else 'demand'} at {wrong} of a standing book is not proven"
            )

    def _enter(self, lots: Lots, demands: Demands) -> None:
        own, other = self._outlying.enter(lots, demands)
        self.new = {True: own, False: other}
        self.there[True][own] = self.there[False][other] = True
        multiple = np.maximum(lots.multiple, 1)
        self.ways.open(True, own, lots.quantity // multiple * multiple)
        self.ways.open(False, other, demands.quantity)

    def _settle(self, effort: int) -> None:
        """Until no pair of an order whose price is lower than what was known could gain."""
        while True:
            self.ways.settle(effort)
            self.moved = {side: self.ways.moved(side, new) for side, new in self.new.items()}
            fallen = {side: self._outlying.fallen(side, self.moved[side]) for side in (True, False)}
            if not any(map(len, fallen.values())):
                return
            self._add_gaining(fallen)

    def _owed(self) -> int:
        # A gain is the value with bits of its own behind it, which along a way never make up a whole one.
        left, gain = self.ways.held()
        return total((gain >> self.ties.shift) + 1, left)

    def _add_gaining(self, orders: dict[bool, Longs], beyond: int = 0) -> None:
        found = [self._outlying.gaining(side, some, beyond) for side, some in orders.items() if len(some)]
        self._add(joined(self.growing.book, found))

    def _add(self, pairs: Pairs) -> None:
        self.ways.add(
            pairs.lot, pairs.demand, self.ties.gain(pairs.lot, pairs.demand, pairs.value), pairs.value
        )


def _kept(begun: Solved) -> NDArray[np.bool_]:
    """The arcs that go along: those used, and those that could gain before their orders are asked anew.

    Where there are minimum terms, some that come nearest to gaining too.
    """
    network, arcs, less = begun.network, begun.arcs, margin(begun.book, begun.ties)
    lot_floor, demand_floor = (
        np.maximum(price - less, 0) for price in (network.lot_price, network.demand_price)
    )
    near = begun.gain > lot_floor[arcs.lot] + demand_floor[arcs.demand]
    near |= (begun.taken > 0) | Ways.in_tree(network, len(arcs))
    if minimum.has_terms(begun.book.lots, begun.book.demands):
        more = begun.gain - network.lot_price[arcs.lot] - network.demand_price[arcs.demand]
        near |= (rank(arcs.lot, more) < BESIDE) | (rank(arcs.demand, more) < BESIDE)
    return near

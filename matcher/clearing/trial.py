"""A price tried: what an order takes with it, by moves that no minimum term binds or in a clearing anew."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.clear import clear
from matcher.clearing.pairs import Book
from matcher.clearing.search import candidates
from matcher.clearing.search.candidates import Candidates, joined
from matcher.clearing.terms import minimum
from matcher.clearing.terms.unbound import best_unbound
from matcher.clearing.ties import ties

Longs = NDArray[np.int64]
Places = NDArray[np.int32]


class Trial:
    """Of one order of a book with these matches: lot, demand, quantity. Looks at all pairs of the book."""

    def __init__(self, book: Book, matches: tuple[Any, Any, Longs], of_lots: bool, place: int) -> None:
        self._book, self._of_lots, self._place = book, of_lots, place
        lot, demand, quantity = matches
        codes = np.asarray(lot, np.int64) * len(book.demands) + demand
        self._quantity = dict(zip(codes.tolist(), quantity.tolist(), strict=True))

    def has_terms(self) -> bool:
        """Whether the order has minimum terms of its own: then no term-free move tells what it would take."""
        orders: Lots | Demands = self._book.lots if self._of_lots else self._book.demands
        names = ("min_take", "multiple") if self._of_lots else ("min_take", "min_fill", "max_sellers")
        return any(int(getattr(orders, name)[self._place]) > 0 for name in names)

    def taken(self, price: int) -> int:
        """What the order would take in all, g, with that ask or bid, if all moved that no term binds."""
        return self._own(self._moved(self._with(price)))

    def taken_anew(self, price: int) -> int:
        """Likewise, if the whole book were cleared anew."""
        return self._own(self._anew(self._with(price)))

    def taken_quickly(self, price: int) -> int:
        """Likewise, if it were cleared quickly: nearly the same, in a hundredth of the time."""
        return self._own(self._anew(self._with(price), quickly=True))

    def _own(self, matches: tuple[Places, Places, Longs]) -> int:
        lot, demand, taken = matches
        return int(taken[(lot if self._of_lots else demand) == self._place].sum())

    def _anew(self, book: Book, *, quickly: bool = False) -> tuple[Places, Places, Longs]:
        again = clear(book.lots, book.demands, book.terms, book.declined, quickly=quickly)
        return again.lot, again.demand, again.quantity

    def _moved(self, book: Book) -> tuple[Places, Places, Longs]:
        others, known_of_others = self._others
        own = self._arcs(book, np.array([self._place]))
        arcs, known = joined(others, own), np.concatenate([known_of_others, self._known(own)])
        gain = ties(book).gain(arcs.lot, arcs.demand, arcs.value)
        problem = minimum.problem(book, arcs.lot, arcs.demand, arcs.value, gain)
        return arcs.lot, arcs.demand, best_unbound(minimum.part(problem, np.arange(len(known))), known)

    @cached_property
    def _others(self) -> tuple[Candidates, Longs]:
        """The arcs of all other orders of its side, which no price of its own changes, and what they take."""
        side = self._book.lots if self._of_lots else self._book.demands
        arcs = self._arcs(self._book, np.delete(np.arange(len(side)), self._place))
        return arcs, self._known(arcs)

    def _arcs(self, book: Book, own: NDArray[np.intp]) -> Candidates:
        """Those of some orders of its side."""
        lots, demands = np.arange(len(book.lots)), np.arange(len(book.demands))
        return candidates.sample(book, own if self._of_lots else lots, demands if self._of_lots else own)

    def _known(self, arcs: Candidates) -> Longs:
        codes = arcs.lot.astype(np.int64) * len(self._book.demands) + arcs.demand
        return np.array([self._quantity.get(code, 0) for code in codes.tolist()], np.int64)

    def _with(self, price: int) -> Book:
        orders: Lots | Demands = self._book.lots if self._of_lots else self._book.demands
        column = "ask" if self._of_lots else "bid"
        prices = getattr(orders, column).copy()
        prices[self._place] = price
        changed: Any = replace(orders, **{column: prices})
        return replace(self._book, **{"lots" if self._of_lots else "demands": changed})

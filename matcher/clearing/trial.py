"""A price tried: what an order would take with it, if all moved that no minimum term binds."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import candidates, minimum
from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.candidates import Candidates, joined
from matcher.clearing.pairs import Book
from matcher.clearing.ties import ties
from matcher.clearing.unbound import best_unbound

Longs = NDArray[np.int64]


class Trial:
    """Of one order of a book with these matches: lot, demand, quantity. Looks at all pairs of the book."""

    def __init__(self, book: Book, matches: tuple[Any, Any, Longs], of_lots: bool, place: int) -> None:
        self._book, self._of_lots, self._place = book, of_lots, place
        lot, demand, self._quantity = matches
        self._codes = np.asarray(lot, np.int64) * len(book.demands) + demand
        lots, demands = np.arange(len(book.lots)), np.arange(len(book.demands))
        self._others = candidates.sample(
            book,
            lots[lots != place] if of_lots else lots,
            demands if of_lots else demands[demands != place],
        )

    def has_terms(self) -> bool:
        """Whether the order has minimum terms of its own: then it is not moved here."""
        orders: Lots | Demands = self._book.lots if self._of_lots else self._book.demands
        names = ("min_take", "multiple") if self._of_lots else ("min_take", "min_fill", "max_sellers")
        return any(int(getattr(orders, name)[self._place]) > 0 for name in names)

    def taken(self, price: int) -> int:
        """What the order would take in all, g, with that ask or bid."""
        book = self._with(price)
        arcs = joined(self._others, self._own(book))
        rules = ties(book)
        gain = rules.gain(arcs.lot, arcs.demand, arcs.value)
        problem = minimum.problem(book, arcs.lot, arcs.demand, arcs.value, gain)
        quantity = dict(zip(self._codes.tolist(), self._quantity.tolist(), strict=True))
        codes = arcs.lot.astype(np.int64) * len(book.demands) + arcs.demand
        known = np.array([quantity.get(code, 0) for code in codes.tolist()], np.int64)
        part = problem.part(np.arange(len(known)))
        taken = best_unbound(part, known, (part.min_fill > 0) & (minimum.fill(part, known) == 0))
        return int(taken[(arcs.lot if self._of_lots else arcs.demand) == self._place].sum())

    def _with(self, price: int) -> Book:
        orders: Lots | Demands = self._book.lots if self._of_lots else self._book.demands
        column = "ask" if self._of_lots else "bid"
        prices = getattr(orders, column).copy()
        prices[self._place] = price
        changed: Any = replace(orders, **{column: prices})
        return replace(self._book, **{"lots" if self._of_lots else "demands": changed})

    def _own(self, book: Book) -> Candidates:
        own, lots, demands = np.array([self._place]), np.arange(len(book.lots)), np.arange(len(book.demands))
        return candidates.sample(book, own if self._of_lots else lots, demands if self._of_lots else own)

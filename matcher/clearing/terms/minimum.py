"""Minimum terms: the smallest part, whole multiples, the smallest fill, the most sellers.

A take of a pair is nothing, or at least the larger of its two orders' `min_take` and a whole number of
the lot's `multiple`. A demand is filled with nothing, or with at least `min_fill`, by at most
`max_sellers` lots. What remains of an order below its own `min_take` cannot trade, and what a lot has
over its last whole multiple cannot either.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.compiled import compiled
from matcher.clearing.errors import TermBroken
from matcher.clearing.pairs import Book, Pairs

Longs = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Problem(NamedTuple):
    """A transportation problem with minimum terms, over arcs (lot[k], demand[k])."""

    supply: Longs
    wanted: Longs
    lot: NDArray[np.int32]
    demand: NDArray[np.int32]
    value: Longs  # đ/kg
    gain: Longs
    least: Longs  # of each arc: its smallest take, a whole multiple, at least 1
    multiple: Longs  # of each arc, at least 1
    lots_own: Booleans  # of each arc, whether its smallest take is the lot's doing, not the demand's
    min_fill: Longs
    max_sellers: Longs  # of each demand; 0: no limit

    def some(self, arcs: NDArray[np.intp]) -> "Problem":
        """The same orders with `arcs` alone."""
        columns = ("lot", "demand", "value", "gain", "least", "multiple", "lots_own")
        return self._replace(**{column: getattr(self, column)[arcs] for column in columns})


@compiled
def part(problem: Problem, arcs: Longs) -> Problem:
    """`arcs` alone and their orders, numbered anew in the same order."""
    lots, demands = np.unique(problem.lot[arcs]), np.unique(problem.demand[arcs])
    return Problem(
        supply=problem.supply[lots],
        wanted=problem.wanted[demands],
        lot=np.searchsorted(lots, problem.lot[arcs]).astype(np.int32),
        demand=np.searchsorted(demands, problem.demand[arcs]).astype(np.int32),
        value=problem.value[arcs],
        gain=problem.gain[arcs],
        least=problem.least[arcs],
        multiple=problem.multiple[arcs],
        lots_own=problem.lots_own[arcs],
        min_fill=problem.min_fill[demands],
        max_sellers=problem.max_sellers[demands],
    )


def has_terms(lots: Lots, demands: Demands) -> bool:
    """Whether any of these orders has a minimum term."""
    columns = lots.min_take, lots.multiple, demands.min_take, demands.min_fill, demands.max_sellers
    return any(bool((column > 0).any()) for column in columns)


def without_terms(book: Book) -> Book:
    """The same orders, had none a minimum term."""

    def none(orders: Any, *columns: str) -> Any:
        return replace(orders, **{name: np.zeros_like(getattr(orders, name)) for name in columns})

    lots = none(book.lots, "min_take", "multiple")
    return replace(book, lots=lots, demands=none(book.demands, "min_take", "min_fill", "max_sellers"))


def supply(book: Book) -> Longs:
    """What each lot can sell: whole multiples of what remains."""
    multiple = np.maximum(book.lots.multiple, 1)
    whole: Longs = book.lots.quantity // multiple * multiple
    return whole


def least(book: Book, lot: NDArray[np.integer], demand: NDArray[np.integer]) -> Longs:
    """The smallest take of each pair, in g: at least 1 and a whole multiple."""
    multiple = np.maximum(book.lots.multiple[lot], 1)
    minimum = np.maximum(book.lots.min_take[lot], book.demands.min_take[demand])
    smallest: Longs = -(-np.maximum(minimum, 1) // multiple) * multiple
    return smallest


def possible(pairs: Pairs) -> Pairs:
    """Those of `pairs` with room for their own smallest take."""
    book = pairs.book
    wanted = book.demands.quantity[pairs.demand]
    room = np.minimum(book.lots.quantity[pairs.lot], wanted)
    enough = room >= least(book, pairs.lot, pairs.demand)
    return pairs.select(enough & (wanted >= book.demands.min_fill[pairs.demand]))


def problem(
    book: Book, lot: NDArray[np.int32], demand: NDArray[np.int32], value: Longs, gain: Longs
) -> Problem:
    return Problem(
        supply=supply(book),
        wanted=book.demands.quantity,
        lot=lot,
        demand=demand,
        value=value,
        gain=gain,
        least=least(book, lot, demand),
        multiple=np.maximum(book.lots.multiple[lot], 1),
        lots_own=(book.lots.multiple[lot] > 0) | (book.lots.min_take[lot] >= book.demands.min_take[demand]),
        min_fill=book.demands.min_fill,
        max_sellers=book.demands.max_sellers.astype(np.int64),
    )


def broken_takes(problem: Problem, taken: Longs) -> Booleans:
    """Of each arc, whether it takes too little or no whole multiple."""
    broken: Booleans = (taken > 0) & ((taken < problem.least) | (taken % problem.multiple != 0))
    return broken


def fill(problem: Problem, taken: Longs) -> Longs:
    filled, used = np.zeros(len(problem.wanted), np.int64), np.flatnonzero(taken)
    np.add.at(filled, problem.demand[used], taken[used])
    return filled


def broken_fills(problem: Problem, taken: Longs) -> Booleans:
    """Of each demand, whether it gets something, but too little."""
    filled = fill(problem, taken)
    return (filled > 0) & (filled < problem.min_fill)


def excess_sellers(problem: Problem, taken: Longs) -> Longs:
    """Of each demand, how many lots too many sell to it."""
    sellers = np.bincount(problem.demand[taken > 0], minlength=len(problem.wanted))
    excess: Longs = np.where(problem.max_sellers > 0, np.maximum(sellers - problem.max_sellers, 0), 0)
    return excess


def kept(problem: Problem, taken: Longs) -> bool:
    """Whether every minimum term holds."""
    broken = broken_takes(problem, taken).any() or broken_fills(problem, taken).any()
    return not (broken or excess_sellers(problem, taken).any())


def verify(problem: Problem, taken: Longs) -> None:
    """Raise TermBroken unless `taken` keeps every capacity and every minimum term."""
    sold = np.zeros(len(problem.supply), np.int64)
    np.add.at(sold, problem.lot, taken)
    if (taken < 0).any():
        raise TermBroken("a taken quantity is negative")
    if (sold > problem.supply).any():
        raise TermBroken("a lot is oversold")
    if (fill(problem, taken) > problem.wanted).any():
        raise TermBroken("a demand is overfilled")
    if not kept(problem, taken):
        raise TermBroken("a smallest part, a multiple, a smallest fill or the most sellers is not kept")

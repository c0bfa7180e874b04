"""Transportation problems as the solver's door takes them, from generated books."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.clearing.books import book
from matcher.clearing.pairs import Book
from matcher.clearing.search import candidates

Longs = NDArray[np.int64]
Places = NDArray[np.int32]


class Instance(NamedTuple):
    """The arguments of `transport.solve`: capacities in g, gains in đ/kg."""

    supply: Longs
    demand: Longs
    lot: Places
    buyer: Places
    gain: Longs


def instance(family: str, size: int, nearest: int, seed: int) -> Instance:
    """Every order of a book with its `nearest` compatible partners; orders stand in no particular order."""
    lots, demands, terms = book(family, size, seed)
    arcs = candidates.nearest(Book(lots, demands, terms, np.empty((0, 2), np.int64)), nearest)
    return Instance(lots.quantity, demands.quantity, arcs.lot, arcs.demand, arcs.value)

"""The best of a book without minimum terms: candidates, prices, more candidates, until none is left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import candidates, minimum
from matcher.clearing.candidates import Candidates, Inside
from matcher.clearing.network import Network
from matcher.clearing.pairs import Book
from matcher.clearing.pricing import Pricing
from matcher.clearing.ties import Ties

Longs = NDArray[np.int64]

COARSER = 4  # times as few orders are priced before


@dataclass(frozen=True)
class Relaxed:
    """The book without minimum terms, solved: no pair outside `arcs` could gain.

    `network` has `arcs` in their order; `whole`: they are all feasible pairs.
    """

    arcs: Candidates
    network: Network
    rounds: int
    whole: bool


def relax(book: Book, ties: Ties) -> Relaxed:
    """Solve, and ask the prices which pairs are missing, until none is."""
    return _relax(book, ties, 1)


def _relax(book: Book, ties: Ties, stride: int) -> Relaxed:
    """Of every stride-th lot and demand; in a large book they begin with the prices of a coarser sample."""
    inside = Inside(*(np.arange(len(side)) % stride == 0 for side in (book.lots, book.demands)))
    lots, demands = (np.flatnonzero(some) for some in inside)
    network = Network(minimum.supply(book), book.demands.quantity)
    whole = len(lots) * len(demands) <= candidates.WHOLE
    if whole:
        arcs = more = candidates.sample(book, lots, demands)
    else:
        coarser = _relax(book, ties, stride * COARSER).network
        coarse = Inside(*(np.arange(len(some)) % (stride * COARSER) == 0 for some in inside))
        arcs = more = candidates.first(book, ties, inside, _prices(coarser, coarse)[1])
    rounds = 0
    while True:
        network.add(more.lot, more.demand, ties.gain(more.lot, more.demand, more.value))
        network.solve()
        rounds += 1
        if whole:
            break
        more = candidates.absent(book, ties, *_prices(network, inside))
        if not len(more):
            break
        arcs = candidates.joined(arcs, more)
    return Relaxed(arcs, network, rounds, whole)


def _prices(network: Network, inside: Inside) -> tuple[Longs, Longs]:
    """The prices of the orders inside, for the others NEVER."""
    return (
        np.where(inside.lots, network.lot_price, Pricing.NEVER),
        np.where(inside.demands, network.demand_price, Pricing.NEVER),
    )

"""The best of a book without minimum terms: candidates, prices, more candidates, until none is left."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.pairs import Book
from matcher.clearing.search import candidates
from matcher.clearing.search.candidates import Candidates, Inside
from matcher.clearing.search.pricing import Pricing
from matcher.clearing.solver.network import Network
from matcher.clearing.terms import minimum
from matcher.clearing.ties import Ties

Longs = NDArray[np.int64]

COARSER = 4  # times as few orders are priced before


@dataclass(frozen=True)
class Relaxed:
    """The book without minimum terms, solved over `arcs`, which `network` has in their order.

    `reach` says which they are: "all" feasible pairs; "proven", so that no pair outside could gain; or the
    "nearest" partners of each order. `lot_price` and `demand_price`, đ/kg, are over no pair of the book
    less than its value; but for the last they are the network's, and prove its takes best.
    """

    arcs: Candidates
    network: Network
    rounds: int
    reach: Literal["all", "proven", "nearest"]
    lot_price: Longs
    demand_price: Longs


def relax(book: Book, ties: Ties) -> Relaxed:
    """Solve, and ask the prices which pairs are missing, until none is."""
    arcs, network, rounds = _solved(book, ties, 1)
    reach: Literal["all", "proven"] = "all" if _few(book, 1) else "proven"
    prices = ties.dong(network.lot_price), ties.dong(network.demand_price)
    return Relaxed(arcs, network, rounds, reach, *prices)


def relax_quickly(book: Book, ties: Ties) -> Relaxed:
    """Solve a large book for the nearest partners alone; prices of its pairs are guessed from a sample's."""
    if _few(book, 1):
        return relax(book, ties)
    stride = 2
    while not _few(book, stride):
        stride += 1
    network = _solved(book, ties, stride)[1]
    everyone = _inside(book, 1)
    prices = candidates.guessed(book, ties, everyone, _prices(network, _inside(book, stride))[1])
    arcs = candidates.nearest(book)
    network = Network(minimum.supply(book), book.demands.quantity)
    network.add(arcs.lot, arcs.demand, ties.gain(arcs.lot, arcs.demand, arcs.value))
    network.solve()
    return Relaxed(arcs, network, 1, "nearest", *(price >> ties.shift for price in prices))


def _solved(book: Book, ties: Ties, stride: int) -> tuple[Candidates, Network, int]:
    """Of every stride-th lot and demand: the arcs, the solved network and the rounds it took.

    In a large book they begin with the prices of a coarser sample.
    """
    inside = _inside(book, stride)
    network = Network(minimum.supply(book), book.demands.quantity)
    if _few(book, stride):
        arcs = candidates.sample(book, np.flatnonzero(inside.lots), np.flatnonzero(inside.demands))
        network.add(arcs.lot, arcs.demand, ties.gain(arcs.lot, arcs.demand, arcs.value))
        network.solve()
        return arcs, network, 1
    coarser = _solved(book, ties, stride * COARSER)[1]
    coarse_price = _prices(coarser, _inside(book, stride * COARSER))[1]
    arcs = more = candidates.first(book, ties, inside, coarse_price)
    rounds = 0
    while len(more) or not rounds:
        network.add(more.lot, more.demand, ties.gain(more.lot, more.demand, more.value))
        network.solve()
        rounds += 1
        more = candidates.absent(book, ties, *_prices(network, inside))
        arcs = candidates.joined(arcs, more)
    return arcs, network, rounds


def _inside(book: Book, stride: int) -> Inside:
    return Inside(*(np.arange(len(side)) % stride == 0 for side in (book.lots, book.demands)))


def _few(book: Book, stride: int) -> bool:
    """Whether a sample has so few pairs that all are looked at."""
    return -(-len(book.lots) // stride) * -(-len(book.demands) // stride) <= candidates.WHOLE


def _prices(network: Network, inside: Inside) -> tuple[Longs, Longs]:
    """The prices of the orders inside, for the others NEVER."""
    return (
        np.where(inside.lots, network.lot_price, Pricing.NEVER),
        np.where(inside.demands, network.demand_price, Pricing.NEVER),
    )

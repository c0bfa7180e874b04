"""Which pairs the solver is given: all of a small book, and of a large one those that can matter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matcher.clearing.groups import rank
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import feasible
from matcher.clearing.search.pricing import Pricing
from matcher.clearing.terms import minimum
from matcher.clearing.ties import Ties

Longs = NDArray[np.int64]

WHOLE = 1_000_000  # pairs; a book of no more is taken whole
AT_ONCE = 1_000_000  # pairs held in memory at a time
NEAREST = 16  # feasible partners of each order
ASKED = 3  # times as many nearest partners are looked at for them
FIRST = 16  # partners of each order to begin with in a large book
ADDED = 8  # partners of each order added in a round
LOWERED = 64  # guessed prices are lowered by the highest of them over this


class Inside(NamedTuple):
    """Of each lot and of each demand, whether it belongs to a part of the book."""

    lots: NDArray[np.bool_]
    demands: NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """a feasible pairs (lot, demand), each once; `value` in đ/kg."""

    lot: NDArray[np.int32]
    demand: NDArray[np.int32]
    value: Longs

    def __len__(self) -> int:
        return len(self.value)


def whole(book: Book) -> Candidates:
    """Every pair that keeps every rule."""
    return sample(book, np.arange(len(book.lots)), np.arange(len(book.demands)))


def sample(book: Book, lots: NDArray[np.intp], demands: NDArray[np.intp]) -> Candidates:
    """Every pair of `lots` with `demands` that keeps every rule."""
    return _merged(book, list(_all(book, lots, demands)))


def guessed(book: Book, ties: Ties, inside: Inside, demand_price: Longs) -> tuple[Longs, Longs]:
    """Whole-đồng prices, in the solver's unit, of the orders inside, over which no pair of them gains.

    `demand_price` are good prices of a sample of the book, NEVER outside it. A lot is priced at what it
    could gain from the sample's demands, then a demand at what it could from all lots.
    """
    never = Pricing.NEVER
    best = Pricing(book, ties, np.where(inside.lots, 0, never), demand_price).best(True, 1)[0]
    lot_guess = np.where(inside.lots, ties.dong(best.more[:, 0]) << ties.shift, never)
    pricing = Pricing(book, ties, lot_guess, np.where(inside.demands, 0, never))
    best, doubtful = pricing.best(False, 1)
    demand_guess = np.where(inside.demands, ties.dong(best.more[:, 0]) << ties.shift, never)
    pairs = _keep(Pairs(book, *doubtful.astype(np.intp)))
    np.maximum.at(demand_guess, pairs.demand, (pairs.value << ties.shift) - lot_guess[pairs.lot])
    return lot_guess, demand_guess


def first(book: Book, ties: Ties, inside: Inside, demand_price: Longs) -> Candidates:
    """To begin with, the pairs of the orders `inside` that good prices would ask for.

    These are guessed; as no pair gains over them, they are lowered by a part of the highest.
    """
    guess = guessed(book, ties, inside, demand_price)
    highest = max(int(side[some].max(initial=0)) for side, some in zip(guess, inside, strict=True))
    less = (highest >> ties.shift) // LOWERED << ties.shift
    lot_price, demand_price = (
        np.where(some, np.maximum(side - less, 0), Pricing.NEVER)
        for side, some in zip(guess, inside, strict=True)
    )
    return _gaining(book, ties, lot_price, demand_price, FIRST)


def _all(book: Book, lots: NDArray[np.intp], demands: NDArray[np.intp]) -> Iterator[Pairs]:
    """The feasible pairs of `lots` with `demands`, a bounded number at a time."""
    chunk = max(1, AT_ONCE // max(len(demands), 1))
    for first in range(0, len(lots), chunk):
        some = lots[first : first + chunk]
        yield _keep(Pairs(book, np.repeat(some, len(demands)), np.tile(demands, len(some))))


def nearest(book: Book, most: int = NEAREST) -> Candidates:
    """For each lot and each demand the nearest partners that keep every rule, `most` of ASKED · `most`."""
    parts = []
    sides = (book.lot_points, book.demand_points)
    for own, other in (sides, sides[::-1]):
        tree = cKDTree(other)
        asked = min(ASKED * most, len(other))
        chunk = max(1, AT_ONCE // asked)
        for first in range(0, len(own), chunk):
            near = tree.query(own[first : first + chunk], k=np.arange(1, asked + 1))[1].ravel()
            order = np.repeat(np.arange(first, first + len(near) // asked), asked)
            pairs = _keep(Pairs(book, order, near) if own is sides[0] else Pairs(book, near, order))
            parts.append(pairs.select(rank(pairs.lot if own is sides[0] else pairs.demand) < most))
    return _merged(book, parts)


def absent(book: Book, ties: Ties, lot_price: Longs, demand_price: Longs) -> Candidates:
    """Pairs of the whole book that gain more than the prices of their two orders, the best few of each.

    Prices are the solver's, or NEVER for orders to be left out. Where they come from a solved network,
    none is found just when no pair outside its arcs could gain.
    """
    return _gaining(book, ties, lot_price, demand_price, ADDED)


def _gaining(book: Book, ties: Ties, lot_price: Longs, demand_price: Longs, few: int) -> Candidates:
    pricing = Pricing(book, ties, lot_price, demand_price)
    best, doubtful = pricing.best(True, few)
    lot, nth = np.nonzero(best.more)
    parts: list[tuple[NDArray[Any], NDArray[Any], Longs]] = [
        (lot, best.partner[lot, nth], best.value[lot, nth])
    ]
    if best.more[:, few - 1].any():  # a lot may have more partners than are asked for
        best = pricing.best(False, few)[0]
        demand, nth = np.nonzero(best.more)
        parts.append((best.partner[demand, nth], demand, best.value[demand, nth]))
    if doubtful.size:
        pairs = _keep(Pairs(book, *doubtful.astype(np.intp)))
        more = ties.gain(pairs.lot, pairs.demand, pairs.value) - lot_price[pairs.lot]
        pairs = pairs.select(more > demand_price[pairs.demand])
        parts.append((pairs.lot, pairs.demand, pairs.value))
    return _once(book, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def joined(one: Candidates, other: Candidates) -> Candidates:
    """Both, `other` after `one`."""
    return Candidates(
        np.concatenate([one.lot, other.lot]),
        np.concatenate([one.demand, other.demand]),
        np.concatenate([one.value, other.value]),
    )


def _keep(pairs: Pairs) -> Pairs:
    return minimum.possible(feasible(pairs))


def _merged(book: Book, parts: list[Pairs]) -> Candidates:
    lot = np.concatenate([np.empty(0, np.intp), *(pairs.lot for pairs in parts)])
    demand = np.concatenate([np.empty(0, np.intp), *(pairs.demand for pairs in parts)])
    value = np.concatenate([np.empty(0, np.int64), *(pairs.value for pairs in parts)])
    return _once(book, lot, demand, value)


def _once(book: Book, lot: NDArray[np.integer], demand: NDArray[np.integer], value: Longs) -> Candidates:
    """Each pair once, by lot and demand."""
    codes = lot.astype(np.int64) * len(book.demands) + demand
    once = np.unique(codes, return_index=True)[1]
    return Candidates(lot[once].astype(np.int32), demand[once].astype(np.int32), value[once])

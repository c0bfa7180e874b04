"""Which pairs the solver is given: all of a small book, and of a large one those that can matter."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matcher.clearing import minimum
from matcher.clearing.distance import EARTH_RADIUS
from matcher.clearing.groups import rank
from matcher.clearing.network import Network
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import feasible
from matcher.clearing.scan import Side, scan
from matcher.clearing.ties import Ties

Longs = NDArray[np.int64]

WHOLE = 1_000_000  # pairs; a book of no more is taken whole
AT_ONCE = 1_000_000  # pairs held in memory at a time
NEAREST = 16  # feasible partners of each order to begin with
ASKED = 3  # times as many nearest partners are looked at for them
ADDED = 12  # partners of each order added in a round
LOWERED = 32  # guessed prices are lowered by the highest of them over this


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
    return _merged(book, list(_all(book, np.arange(len(book.lots)), np.arange(len(book.demands)))))


def first(book: Book, ties: Ties, stride: int) -> Candidates:
    """To begin with in a large book: the nearest partners, and those that good prices would ask for.

    The prices are guessed: a sample of the book, every stride-th lot and demand, is solved whole; the
    orders outside it are priced at what they could gain from the sample. That counts the gain of a pair
    outside it twice, so every price is lowered by a part of the highest.
    """
    begun = nearest(book)
    lots, demands = np.arange(len(book.lots)), np.arange(len(book.demands))
    sample = _merged(book, list(_all(book, lots[::stride], demands[::stride])))
    network = Network(minimum.supply(book), book.demands.quantity)
    network.add(sample.lot, sample.demand, ties.gain(sample.lot, sample.demand, sample.value))
    network.solve()
    lot_price, demand_price = network.lot_price, network.demand_price
    lot_guess, demand_guess = lot_price.copy(), demand_price.copy()
    for pairs in _all(book, lots[lots % stride > 0], demands[::stride]):
        more = ties.gain(pairs.lot, pairs.demand, pairs.value) - demand_price[pairs.demand]
        np.maximum.at(lot_guess, pairs.lot, more)
    for pairs in _all(book, lots[::stride], demands[demands % stride > 0]):
        more = ties.gain(pairs.lot, pairs.demand, pairs.value) - lot_price[pairs.lot]
        np.maximum.at(demand_guess, pairs.demand, more)
    less = max(int(lot_guess.max(initial=0)), int(demand_guess.max(initial=0))) // LOWERED
    guided = absent(book, ties, np.maximum(lot_guess - less, 0), np.maximum(demand_guess - less, 0))
    return joined(begun, _without(book, guided, begun))


def _without(book: Book, some: Candidates, others: Candidates) -> Candidates:
    """`some` but for those that are among `others`."""
    new = ~np.isin(_codes(book, some.lot, some.demand), _codes(book, others.lot, others.demand))
    return Candidates(some.lot[new], some.demand[new], some.value[new])


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

    Prices are the solver's. Where they come from a solved network, none is found just when no pair
    outside its arcs could gain.
    """
    parts: list[tuple[Pairs, Longs]] = []
    for pairs in _promising(book, ties.dong(lot_price), ties.dong(demand_price)):
        more = ties.gain(pairs.lot, pairs.demand, pairs.value)
        more -= lot_price[pairs.lot] + demand_price[pairs.demand]
        best = _best(pairs.lot, pairs.demand, more)
        parts.append((pairs.select(best), more[best]))
    lot = np.concatenate([np.empty(0, np.intp), *(pairs.lot for pairs, _ in parts)])
    demand = np.concatenate([np.empty(0, np.intp), *(pairs.demand for pairs, _ in parts)])
    best = _best(lot, demand, np.concatenate([np.empty(0, np.int64), *(more for _, more in parts)]))
    return _merged(book, [Pairs(book, lot[best], demand[best])])


def _best(lot: NDArray[np.intp], demand: NDArray[np.intp], more: Longs) -> NDArray[np.bool_]:
    """Whether each pair gains, and is among the ADDED of its lot or of its demand that gain most."""
    best = np.zeros(len(more), np.bool_)
    some = np.flatnonzero(more > 0)
    best[some] = (rank(lot[some], more[some]) < ADDED) | (rank(demand[some], more[some]) < ADDED)
    return best


def joined(one: Candidates, other: Candidates) -> Candidates:
    """Both, `other` after `one`."""
    return Candidates(
        np.concatenate([one.lot, other.lot]),
        np.concatenate([one.demand, other.demand]),
        np.concatenate([one.value, other.value]),
    )


def _promising(book: Book, lot_price: Longs, demand_price: Longs) -> Iterator[Pairs]:
    """Feasible pairs worth at least the đồng prices of their orders, a bounded number at a time."""
    terms, demands = book.terms, book.demands
    worth = demands.bid - demand_price - terms.fixed_dong_per_kg
    sequence = np.argsort(-worth, kind="stable")
    # A metre more on each rounding, so that no pair is lost to one; chords are shorter than roads anyway.
    straight = 100 / terms.road_factor_percent
    metres_per_dong = straight * 1e6 / terms.dong_per_tonne_km if terms.dong_per_tonne_km else np.inf
    limit = np.where(demands.max_distance < 0, np.inf, demands.max_distance)
    if terms.max_distance >= 0:
        limit = np.minimum(limit, terms.max_distance)
    reach = (limit * straight + 2)[sequence]
    has, needs = _levels(book, sequence)
    sellers = Side(book.lots.ask + lot_price, book.lot_points * EARTH_RADIUS, has)
    buyers = Side(worth[sequence], book.demand_points[sequence] * EARTH_RADIUS, needs)
    found = np.empty((2, max(AT_ONCE, len(demands))), np.int32)
    lot = 0
    while lot < len(book.lots):
        lot, size = scan(lot, sellers, buyers, reach, metres_per_dong + 4, found)
        yield _keep(Pairs(book, found[0, :size].astype(np.intp), sequence[found[1, :size]]))


def _levels(book: Book, sequence: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What lots have and demands need, column by column, as far as the rules can be said without distance.

    Grade; stars; arriving in time, were the way no longer than the loading; being fresh enough, were the
    goods picked on their last day and delivered on the first.
    """
    lots, demands, terms = book.lots, book.demands, book.terms
    loading = (terms.departure_hour + terms.loading_hours) // 24
    earliest = np.maximum(lots.harvest_from, terms.today) + loading
    has = lots.grade, lots.ocop_stars, -earliest, lots.harvest_until + lots.shelf_life
    needs = (
        demands.min_grade,
        demands.min_ocop_stars,
        -demands.deliver_until,
        demands.deliver_from + np.maximum(demands.min_shelf_life, 0),
    )
    return np.stack(has, axis=1).astype(np.int32), np.stack(needs, axis=1).astype(np.int32)[sequence]


def _keep(pairs: Pairs) -> Pairs:
    return minimum.possible(feasible(pairs))


def _merged(book: Book, parts: list[Pairs]) -> Candidates:
    lot = np.concatenate([np.empty(0, np.intp), *(pairs.lot for pairs in parts)])
    demand = np.concatenate([np.empty(0, np.intp), *(pairs.demand for pairs in parts)])
    value = np.concatenate([np.empty(0, np.int64), *(pairs.value for pairs in parts)])
    first = np.unique(_codes(book, lot, demand), return_index=True)[1]
    return Candidates(lot[first].astype(np.int32), demand[first].astype(np.int32), value[first])


def _codes(book: Book, lot: NDArray[np.integer], demand: NDArray[np.integer]) -> Longs:
    """A number of its own for each pair of the book."""
    codes: Longs = lot.astype(np.int64) * len(book.demands) + demand
    return codes

"""Pairs outside the arcs of a standing book that could gain: looked for where a price has fallen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.distance import EARTH_RADIUS
from matcher.clearing.groups import rank
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import feasible
from matcher.clearing.solver.network import MOST_GAIN
from matcher.clearing.standing.growing import GrowingBook, grown
from matcher.clearing.standing.looked import NOBODY, could_gain, nobody, set_money, set_points
from matcher.clearing.standing.ways import TooMuch, Ways
from matcher.clearing.terms import minimum
from matcher.clearing.ties import Ties, room_of, scatter

Longs = NDArray[np.int64]
UNKNOWN = 1 << 61  # the floor of an order that is still to be asked
AT_ONCE = 1 << 20  # pairs
ORDERS_AT_ONCE = 256
BEST = 64  # pairs of an order that are taken in at once
MARGIN = 16384  # prices may fall by the highest bid over this before their orders are asked again


class Outlying:
    """Looks through all orders of a growing book for pairs that gain more than the prices of their two."""

    def __init__(self, growing: GrowingBook, ways: Ways, ties: Ties) -> None:
        lots, demands = len(growing.lots), len(growing.demands)
        self._growing, self._book, self._ways = growing, growing.book, ways
        self._labels = _Labels(growing)
        self.ties = replace(
            ties,
            lot_early=grown(ties.lot_early, lots),
            demand_early=grown(ties.demand_early, demands),
            lot_mark=grown(ties.lot_mark, lots),
            demand_mark=grown(ties.demand_mark, demands),
        )
        terms = self._book.terms
        self._straight = 100 / terms.road_factor_percent
        rate = terms.dong_per_tonne_km
        self._metres_per_dong = self._straight * 1e6 / rate if rate else np.inf
        self._lots, self._demands = nobody(True, lots), nobody(False, demands)
        self._margin = margin(self._book, ties)
        self._floor = {True: np.full(lots, UNKNOWN, np.int64), False: np.full(demands, UNKNOWN, np.int64)}
        self._found = np.empty((2, AT_ONCE), np.int32)
        for of_lots, orders in ((True, growing.lots), (False, growing.demands)):
            self._set_floor(of_lots, np.arange(orders.count), 0)
        self._see_lots(np.arange(growing.lots.count))
        self._see_demands(np.arange(growing.demands.count))

    def enter(self, lots: Lots, demands: Demands) -> tuple[Longs, Longs]:
        """The places that these orders take. Raises TooMuch where there is no room."""
        growing = self._growing
        for orders, new in ((growing.lots, lots), (growing.demands, demands)):
            if orders.count + len(new) > len(orders):
                raise TooMuch
        lot_early, demand_early = self._labels.of(lots.posted), self._labels.of(demands.posted)
        own, other = growing.add_lots(lots), growing.add_demands(demands)
        self.ties.lot_early[own], self.ties.lot_mark[own] = lot_early, scatter(lots.key)
        self.ties.demand_early[other], self.ties.demand_mark[other] = demand_early, scatter(~demands.key)
        places = np.arange(own.start, own.stop), np.arange(other.start, other.stop)
        if len(lots):
            self._see_lots(places[0])
        if len(demands):
            self._see_demands(places[1])
        return places

    def leave(self, of_lots: bool, place: int) -> None:
        seen, money = (self._lots, NOBODY) if of_lots else (self._demands, -NOBODY)
        set_money(of_lots, seen, np.array([place]), money)

    def fences(self, room: int) -> Iterator[Pairs]:
        """To begin with: pairs such that prices may fall by the margin before any other could gain.

        Where an order has more than BEST of them, or all have more than there is room for, its price is its
        floor: it will be asked when it falls.
        """
        for of_lots, orders in ((True, self._growing.lots), (False, self._growing.demands)):
            for first in range(0, orders.count, ORDERS_AT_ONCE):
                some = np.arange(first, min(first + ORDERS_AT_ONCE, orders.count))
                self._set_floor(of_lots, some, self._margin)
                pairs = self._near(of_lots, some)
                own = some[:0] if pairs is None else pairs.lot if of_lots else pairs.demand
                many = some if pairs is None else np.flatnonzero(np.bincount(own) > BEST)
                if pairs is None or len(pairs) > room:
                    self._set_floor(of_lots, some, 0)
                    continue
                self._set_floor(of_lots, many, 0)
                pairs = pairs.select(~np.isin(own, many))
                room -= len(pairs)
                yield pairs

    def fallen(self, of_lots: bool, places: Longs) -> Longs:
        """Those of the orders whose price is lower than what is known to let no pair outside gain."""
        return places[self._ways.price(of_lots, places) < self._floor[of_lots][places]]

    def gaining(self, of_lots: bool, orders: Longs, beyond: int = 0) -> Pairs:
        """Pairs of `orders`, not arcs yet, that gain more than their floors; those are set anew before.

        With so much `beyond` also pairs that do not gain by so much, as minimum terms may ask for them.
        Of an order with more than BEST of them the best come first; it is then still to be asked again.
        Raises TooMuch where very many could gain.
        """
        self._set_floor(of_lots, orders, self._margin, beyond)
        pairs = self._near(of_lots, orders)
        if pairs is None:
            raise TooMuch
        own = pairs.lot if of_lots else pairs.demand
        if len(pairs) <= BEST:
            return pairs
        more = self.ties.gain(pairs.lot, pairs.demand, pairs.value)
        more -= self._ways.price(True, pairs.lot) + self._ways.price(False, pairs.demand)
        best = rank(own, more) < BEST
        self._floor[of_lots][own[~best]] = UNKNOWN
        return pairs.select(best)

    def _set_floor(self, of_lots: bool, places: Longs, less: int, beyond: int = 0) -> None:
        """Sets the floors of these orders so much below their prices, and so much `beyond` that."""
        floor = np.maximum(self._ways.price(of_lots, places) - less, 0) - beyond
        self._floor[of_lots][places] = floor
        price = floor >> self.ties.shift
        if of_lots:
            set_money(True, self._lots, places, self._book.lots.ask[places] + price)
        else:
            worth = self._book.demands.bid[places] - self._book.terms.fixed_dong_per_kg
            set_money(False, self._demands, places, worth - price)

    def _near(self, of_lots: bool, orders: Longs) -> Pairs | None:
        """The pairs of `orders` that gain more than their floors and have no arc; None if very many could."""
        other = self._growing.demands if of_lots else self._growing.lots
        size = could_gain(
            of_lots, orders, self._lots, self._demands, other.count, self._metres_per_dong, self._found
        )
        if size > self._found.shape[1]:
            return None
        lot, demand = self._found[:, :size].astype(np.int64)
        known = np.isin(lot * len(self._growing.demands) + demand, self._ways.codes(of_lots, orders))
        pairs, gain = self.possible(lot[~known], demand[~known])
        more = gain - self._floor[True][pairs.lot] - self._floor[False][pairs.demand]
        return pairs.select(more > 0)

    def possible(self, lot: NDArray[np.integer], demand: NDArray[np.integer]) -> tuple[Pairs, Longs]:
        """Those of the pairs that may trade, and what each gains. Raises TooMuch beyond the bits."""
        pairs = minimum.possible(feasible(Pairs(self._book, lot.astype(np.intp), demand.astype(np.intp))))
        if len(pairs) and int(pairs.value.max() + 1) << self.ties.shift > MOST_GAIN >> 2:
            raise TooMuch
        return pairs, self.ties.gain(pairs.lot, pairs.demand, pairs.value)

    def _see_lots(self, places: Longs) -> None:
        lots, terms = self._book.lots, self._book.terms
        loading = (terms.departure_hour + terms.loading_hours) // 24
        earliest = np.maximum(lots.harvest_from[places], terms.today) + loading
        latest = lots.harvest_until[places] + lots.shelf_life[places]
        has = lots.grade[places], lots.ocop_stars[places], -earliest, latest
        self._lots.levels[places] = np.stack(has, axis=1)
        set_points(self._lots, places, self._book.lot_points[places] * EARTH_RADIUS)

    def _see_demands(self, places: Longs) -> None:
        demands, terms = self._book.demands, self._book.terms
        fresh = demands.deliver_from[places] + np.maximum(demands.min_shelf_life[places], 0)
        stars, until = demands.min_ocop_stars[places], -demands.deliver_until[places]
        self._demands.levels[places] = np.stack((demands.min_grade[places], stars, until, fresh), axis=1)
        set_points(self._demands, places, self._book.demand_points[places] * EARTH_RADIUS)
        own = demands.max_distance[places]
        limit = np.where(own < 0, np.inf, own)
        if terms.max_distance >= 0:
            limit = np.minimum(limit, terms.max_distance)
        self._demands.reach[places] = limit * self._straight + 2


class _Labels:
    """How early each posting time is: those of the book it began with, and below them those since."""

    def __init__(self, growing: GrowingBook) -> None:
        lots, demands = growing.lots.count, growing.demands.count
        book = growing.book
        self._times = np.unique(np.concatenate([book.lots.posted[:lots], book.demands.posted[:demands]]))
        self._room = room_of(lots, demands)
        self._later: list[int] = []

    def of(self, posted: Longs) -> Longs:
        """Raises TooMuch when no label is left. A time between others counts as the one before it."""
        last = int(self._times[-1]) if len(self._times) else -(1 << 62)
        for time in sorted(set(posted.tolist())):
            if time > max(self._later, default=last):
                self._later.append(time)
        if len(self._later) > self._room:
            raise TooMuch
        place = np.searchsorted(self._times, posted, side="right")
        later = np.searchsorted(np.array(self._later, np.int64), posted, side="right")
        return self._room + len(self._times) - np.maximum(place, 1) - later


def margin(book: Book, ties: Ties) -> int:
    """By how much less than a price its floor is, as the solver's gains are."""
    return (int(book.demands.bid.max(initial=0)) // MARGIN) << ties.shift


def joined(book: Book, parts: Sequence[Pairs]) -> Pairs:
    """All of the pairs, each once."""
    empty = np.empty(0, np.intp)
    lot = np.concatenate([empty, *(pairs.lot for pairs in parts)])
    demand = np.concatenate([empty, *(pairs.demand for pairs in parts)])
    once = np.unique(lot * len(book.demands) + demand, return_index=True)[1]
    return Pairs(book, lot[once], demand[once])

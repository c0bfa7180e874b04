"""A book and pairs of it: what follows from a lot and a demand being taken together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import distance, value
from matcher.clearing.arrays import Demands, Lots, Terms

Longs = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Book:
    """All there is to clear. `declined` int64[k, 2] are pairs (lot, demand) not to be proposed."""

    lots: Lots
    demands: Demands
    terms: Terms
    declined: Longs

    @cached_property
    def lot_points(self) -> NDArray[np.float64]:
        return distance.unit_vectors(self.lots.latitude, self.lots.longitude)

    @cached_property
    def demand_points(self) -> NDArray[np.float64]:
        return distance.unit_vectors(self.demands.latitude, self.demands.longitude)

    @cached_property
    def declined_codes(self) -> Longs:
        return np.unique(self.declined[:, 0] * len(self.demands) + self.declined[:, 1])

    @cached_property
    def certificates(self) -> tuple[Longs, Longs]:
        """The certificates sorted by lot: their places, and where each lot's begin (int64[m + 1])."""
        begin = np.zeros(len(self.lots) + 1, np.int64)
        np.cumsum(np.bincount(self.lots.certificate_lot, minlength=len(self.lots)), out=begin[1:])
        return np.argsort(self.lots.certificate_lot, kind="stable"), begin


@dataclass(frozen=True)
class Pairs:
    """k pairs of a book, lot[k] with demand[k] (intp), and what follows from each, worked out once."""

    book: Book
    lot: NDArray[np.intp]
    demand: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.lot)

    def select(self, which: Booleans) -> "Pairs":
        """The pairs where `which`, with what is already worked out about them."""
        if which.all():
            return self
        places = np.flatnonzero(which)
        chosen = Pairs(self.book, self.lot[places], self.demand[places])
        for name, known in self.__dict__.items():
            if name not in ("book", "lot", "demand"):
                chosen.__dict__[name] = known[places]
        return chosen

    @cached_property
    def road(self) -> Longs:
        """Metres by road."""
        metres = distance.great_circle(self.book.lot_points[self.lot], self.book.demand_points[self.demand])
        return distance.road(metres, self.book.terms.road_factor_percent)

    @cached_property
    def transit(self) -> Longs:
        """Days from leaving to arriving: how often midnight passes while loading and driving."""
        terms = self.book.terms
        metres_per_hour = 1000 * terms.speed_km_per_hour
        hours = terms.departure_hour + terms.loading_hours
        return (hours * metres_per_hour + self.road) // (24 * metres_per_hour)

    @cached_property
    def delivery_day(self) -> Longs:
        """The first day on which goods picked in the window, leaving today or later, can be delivered."""
        lots, demands = self.book.lots, self.book.demands
        leave = np.maximum(lots.harvest_from[self.lot].astype(np.int64), self.book.terms.today)
        return np.maximum(demands.deliver_from[self.demand], leave + self.transit)

    @cached_property
    def leave_day(self) -> Longs:
        return self.delivery_day - self.transit

    @cached_property
    def pick_day(self) -> Longs:
        """The last day of the harvest window that still makes the delivery."""
        return np.minimum(self.book.lots.harvest_until[self.lot], self.leave_day)

    @cached_property
    def age(self) -> Longs:
        """Days since picking on arrival."""
        return self.delivery_day - self.pick_day

    @cached_property
    def transport(self) -> Longs:
        """đ/kg."""
        terms = self.book.terms
        return value.transport(self.road, terms.fixed_dong_per_kg, terms.dong_per_tonne_km)

    @cached_property
    def penalty(self) -> Longs:
        """đ/kg lost to age."""
        shelf_life = self.book.lots.shelf_life[self.lot].astype(np.int64)
        bid = self.book.demands.bid[self.demand]
        return value.penalty(bid, self.age, shelf_life, self.book.terms.freshness_penalty_percent)

    @cached_property
    def value(self) -> Longs:
        """đ/kg, below zero where the two do not agree on a price."""
        bid, ask = self.book.demands.bid[self.demand], self.book.lots.ask[self.lot]
        return bid - ask - self.transport - self.penalty

    @cached_property
    def held(self) -> NDArray[np.uint64]:
        """The certificate schemes of the lot that are valid on the day of delivery, as bits."""
        lots = self.book.lots
        sequence, begin = self.book.certificates
        held = np.zeros(len(self), np.uint64)
        first, count = begin[self.lot], begin[self.lot + 1] - begin[self.lot]
        for nth in range(int(count.max(initial=0))):
            some = np.flatnonzero(count > nth)
            which = sequence[first[some] + nth]
            day = self.delivery_day[some]
            valid = (lots.certificate_from[which] <= day) & (day <= lots.certificate_until[which])
            bit = np.left_shift(np.uint64(1), lots.certificate_scheme[which].astype(np.uint64))
            held[some] |= np.where(valid, bit, np.uint64(0))
        return held

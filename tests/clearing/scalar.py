"""One lot, one demand, one pair at a time in plain Python: what the clearing's arrays are checked against."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import asin, cos, floor, radians, sin, sqrt

import numpy as np

from matcher.clearing import Demands, Lots, Terms

TODAY = 737_000
EARTH_RADIUS = 6_371_008.8  # m
TERMS = Terms(
    today=TODAY,
    loading_hours=3,
    departure_hour=5,
    speed_km_per_hour=40,
    road_factor_percent=130,
    fixed_dong_per_kg=100,
    dong_per_tonne_km=3_000,
    freshness_penalty_percent=20,
    max_distance=-1,
    seller_share_percent=50,
)


@dataclass(frozen=True)
class Certificate:
    scheme: int
    valid_from: int
    valid_until: int


@dataclass(frozen=True)
class Lot:
    """Fits every demand that says nothing else."""

    key: int = 1
    posted: int = 0
    party: int = 1
    crop: int = 0
    variety: int = 0
    grade: int = 0
    quantity: int = 10
    min_take: int = 0
    multiple: int = 0
    ask: int = 10_000
    harvest_from: int = TODAY
    harvest_until: int = TODAY + 3
    latitude: float = 21.6
    longitude: float = 106.5
    shelf_life: int = 5
    ocop_stars: int = 0
    growing_area: bool = False
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Demand:
    key: int = 1
    posted: int = 0
    party: int = 2
    crop: int = 0
    varieties: frozenset[int] = frozenset()
    min_grade: int = 0
    quantity: int = 10
    min_fill: int = 0
    min_take: int = 0
    max_sellers: int = 0
    bid: int = 20_000
    deliver_from: int = TODAY
    deliver_until: int = TODAY + 5
    latitude: float = 21.0
    longitude: float = 105.8
    max_distance: int = -1
    certificates_required: frozenset[int] = frozenset()
    min_ocop_stars: int = 0
    min_shelf_life: int = 0
    gate_from: int = 0
    gate_until: int = 2 * TODAY
    gate_growing_area: bool = False
    gate_certificates: frozenset[int] = frozenset()


def tables(lots: Sequence[Lot], demands: Sequence[Demand]) -> tuple[Lots, Demands]:
    """The same orders as arrays."""
    held = [(place, certificate) for place, lot in enumerate(lots) for certificate in lot.certificates]
    lot_columns = {
        field.name: [getattr(lot, field.name) for lot in lots]
        for field in fields(Lot)
        if field.name != "certificates"
    }
    demand_columns = {
        field.name: [_number(getattr(d, field.name)) for d in demands] for field in fields(Demand)
    }
    return (
        Lots(
            **{name: np.array(column, Lots.COLUMNS[name]) for name, column in lot_columns.items()},
            certificate_lot=np.array([place for place, _ in held], np.int32),
            certificate_scheme=np.array([certificate.scheme for _, certificate in held], np.int32),
            certificate_from=np.array([certificate.valid_from for _, certificate in held], np.int32),
            certificate_until=np.array([certificate.valid_until for _, certificate in held], np.int32),
        ),
        Demands(**{name: np.array(column, Demands.COLUMNS[name]) for name, column in demand_columns.items()}),
    )


def keyed(lots: Sequence[Lot], demands: Sequence[Demand]) -> tuple[list[Lot], list[Demand]]:
    """The orders with keys of their own, scattered so that their order says nothing."""
    return (
        [replace(lot, key=(7 * place + 3) * 0x9E3779B97F4A7C15 % 2**64) for place, lot in enumerate(lots)],
        [replace(d, key=(5 * place + 1) * 0xBF58476D1CE4E5B9 % 2**64) for place, d in enumerate(demands)],
    )


def _number(value: int | float | frozenset[int]) -> int | float:
    return sum(1 << bit for bit in value) if isinstance(value, frozenset) else value


@dataclass(frozen=True)
class Pair:
    """What follows from one lot and one demand being taken together."""

    lot: Lot
    demand: Demand
    terms: Terms = TERMS
    declined: bool = False

    @property
    def road(self) -> int:
        """Metres: the haversine formula, times the road factor, each rounded to the metre."""
        a, b = (radians(order.latitude) for order in (self.lot, self.demand))
        east = radians(self.demand.longitude - self.lot.longitude)
        half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(east / 2) ** 2
        metres = round(2 * EARTH_RADIUS * asin(min(1, sqrt(half))))
        return rounded(Fraction(metres * self.terms.road_factor_percent, 100))

    @property
    def leave_day(self) -> int:
        """The first day of leaving that does not arrive before the delivery window opens."""
        day = max(self.lot.harvest_from, self.terms.today)
        while self.arrives(day) < self.demand.deliver_from:
            day += 1
        return day

    def arrives(self, leave_day: int) -> int:
        hours = self.terms.departure_hour + self.terms.loading_hours
        driving = Fraction(self.road, 1000 * self.terms.speed_km_per_hour)
        return floor((24 * leave_day + hours + driving) / 24)

    @property
    def delivery_day(self) -> int:
        return self.arrives(self.leave_day)

    @property
    def age(self) -> int:
        return self.delivery_day - min(self.lot.harvest_until, self.leave_day)

    @property
    def transport(self) -> int:
        return self.terms.fixed_dong_per_kg + rounded(
            Fraction(self.terms.dong_per_tonne_km * self.road, 1000 * 1000)
        )

    @property
    def penalty(self) -> int:
        share = Fraction(self.age, max(self.lot.shelf_life, 1))
        return rounded(self.demand.bid * Fraction(self.terms.freshness_penalty_percent, 100) * share)

    @property
    def value(self) -> int:
        return self.demand.bid - self.lot.ask - self.transport - self.penalty

    @property
    def price(self) -> int:
        between = self.demand.bid - self.transport - self.lot.ask
        return self.lot.ask + floor(between * Fraction(self.terms.seller_share_percent, 100))

    def holds(self, schemes: frozenset[int]) -> bool:
        day = self.delivery_day
        valid = {c.scheme for c in self.lot.certificates if c.valid_from <= day <= c.valid_until}
        return schemes <= valid

    def broken(self) -> list[str]:
        """The codes of all rules that the pair breaks, in the design's order."""
        lot, demand, most = self.lot, self.demand, self.terms.max_distance
        day = self.delivery_day
        keeps = {
            "crop": lot.crop == demand.crop,
            "variety": not demand.varieties or (lot.variety != 0 and lot.variety in demand.varieties),
            "grade": lot.grade >= demand.min_grade,
            "certificate": self.holds(demand.certificates_required),
            "ocop": lot.ocop_stars >= demand.min_ocop_stars,
            "gate": demand.gate_from <= day <= demand.gate_until
            and (lot.growing_area or not demand.gate_growing_area)
            and self.holds(demand.gate_certificates),
            "window": day <= demand.deliver_until,
            "freshness": lot.shelf_life - self.age >= demand.min_shelf_life,
            "distance": all(limit < 0 or self.road <= limit for limit in (demand.max_distance, most)),
            "price": self.value >= 0,
            "party": lot.party != demand.party and not self.declined,
        }
        return [code for code, kept in keeps.items() if not kept]


def rounded(exact: Fraction) -> int:
    """To a whole number, a half upwards."""
    return floor(exact + Fraction(1, 2))

"""Generated books: lots and demands across Việt Nam, from a family, a size and a seed.

Each family bends one thing about the same country. Half the lots lie around 400 growing places, all equal,
and half the demands around 200 towns, the first of them the largest (weights 1/rank^0.7); the rest lie
anywhere between 8.6° and 23.3° north, 102.2° and 109.4° east. Quantities are spread evenly over the
logarithm from 200 kg to 20 t, prices normally around 20,000 đ/kg asked and 26,000 bid, in steps of 100 đ.
Nothing here is measured; the figures only have to be of the right size.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from matcher.clearing import Demands, Lots, Terms

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

FAMILIES = ("scarce supply", "scarce demand", "clustered places", "distance-dominated")
TODAY = 730_000  # any day will do


def terms(family: str) -> Terms:
    """Transport costs 3,000 đ per tonne and km, four times that where distance is to dominate."""
    return Terms(
        today=TODAY,
        loading_hours=3,
        departure_hour=5,
        speed_km_per_hour=40,
        road_factor_percent=130,
        fixed_dong_per_kg=100,
        dong_per_tonne_km=12_000 if family == "distance-dominated" else 3_000,
        freshness_penalty_percent=25,
        max_distance=-1,
        seller_share_percent=50,
    )


def book(family: str, size: int, seed: int) -> tuple[Lots, Demands, Terms]:
    """`size` lots and `size` demands without minimum terms; the same arguments give the same book."""
    random = np.random.default_rng([seed, size, FAMILIES.index(family)])
    return _lots(family, size, random), _demands(family, size, random), terms(family)


def with_terms(lots: Lots, demands: Demands, share: float, seed: int) -> tuple[Lots, Demands]:
    """The same book where `share` of the orders carry a minimum term of some kind, chosen evenly.

    A lot sells no part below a tenth to a half of it, or in whole packages of 50 kg; a demand takes no
    part below a tenth to three tenths of it, is filled to a half, four fifths or whole or not at all, or
    buys from at most two to four lots.
    """
    random = np.random.default_rng(seed)
    m, n = len(lots), len(demands)
    kind = np.where(random.random(m) < share, random.integers(1, 3, m), 0)
    part = (lots.quantity * random.uniform(0.1, 0.5, m)).astype(np.int64)
    lots = replace(lots, min_take=np.where(kind == 1, part, 0), multiple=np.where(kind == 2, 50_000, 0))
    kind = np.where(random.random(n) < share, random.integers(1, 4, n), 0)
    part = (demands.quantity * random.uniform(0.1, 0.3, n)).astype(np.int64)
    fill = (demands.quantity * random.choice([0.5, 0.8, 1.0], n)).astype(np.int64)
    most = random.integers(2, 5, n)
    demands = replace(
        demands,
        min_take=np.where(kind == 1, part, 0),
        min_fill=np.where(kind == 2, fill, 0),
        max_sellers=np.where(kind == 3, most, 0),
    )
    return lots, demands


def _nothing_said(table: type[Lots] | type[Demands], size: int) -> dict[str, Any]:
    return {name: np.zeros(size) for name in table.COLUMNS}


def _lots(family: str, size: int, random: Generator) -> Lots:
    places = _places(family, size, np.ones(400), random)
    harvest = TODAY + random.integers(0, 21, size)
    columns: dict[str, Any] = _nothing_said(Lots, size) | {
        "key": random.permutation(size),
        "posted": random.permutation(size),
        "grade": random.integers(0, 4, size),
        "quantity": _quantity(size, 2 if family == "scarce supply" else 1, random),
        "ask": _money(20_000, family, size, random),
        "harvest_from": harvest,
        "harvest_until": harvest + random.integers(3, 11, size),
        "latitude": places[:, 0],
        "longitude": places[:, 1],
        "shelf_life": random.integers(5, 41, size),
        "certificate_lot": [],
        "certificate_scheme": [],
        "certificate_from": [],
        "certificate_until": [],
    }
    return Lots(**columns)


def _demands(family: str, size: int, random: Generator) -> Demands:
    places = _places(family, size, np.arange(1.0, 201.0) ** -0.7, random)
    first = TODAY + random.integers(0, 26, size)
    columns: dict[str, Any] = _nothing_said(Demands, size) | {
        "key": random.permutation(size),
        "posted": size + random.permutation(size),
        "party": np.ones(size),
        "min_grade": np.minimum(random.integers(0, 4, size), random.integers(0, 4, size)),
        "quantity": _quantity(size, 2 if family == "scarce demand" else 1, random),
        "bid": _money(26_000, family, size, random),
        "deliver_from": first,
        "deliver_until": first + random.integers(3, 15, size),
        "latitude": places[:, 0],
        "longitude": places[:, 1],
        "max_distance": random.integers(100_000, 800_000, size),
        "gate_until": np.full(size, 2 * TODAY),
    }
    return Demands(**columns)


def _places(family: str, size: int, weights: Floats, random: Generator) -> Floats:
    """Latitudes and longitudes, float64[size, 2]; clustered: all within some 5 km of one of the centres."""
    clustered = family == "clustered places"
    centres = _anywhere(len(weights), random)
    which = random.choice(len(weights), size, p=weights / weights.sum())
    places: Floats = centres[which] + random.normal(0, 0.05 if clustered else 0.3, (size, 2))
    if not clustered:
        anywhere = random.random(size) < 0.5
        places[anywhere] = _anywhere(int(anywhere.sum()), random)
    return places


def _anywhere(size: int, random: Generator) -> Floats:
    return np.stack([random.uniform(8.6, 23.3, size), random.uniform(102.2, 109.4, size)], axis=1)


def _quantity(size: int, divisor: int, random: Generator) -> Longs:
    """Whole kilograms, in grams."""
    kilograms = np.exp(random.uniform(np.log(200), np.log(20_000), size)) / divisor
    return np.maximum(1, kilograms).astype(np.int64) * 1000


def _money(around: int, family: str, size: int, random: Generator) -> Longs:
    spread = 200 if family == "distance-dominated" else 3_000
    return np.maximum(0, np.rint(random.normal(around, spread, size) / 100)).astype(np.int64) * 100

"""Compiled: the rules, the value and the gain of one pair.

They are those of `rules`, `pairs`, `minimum` and `ties`, which decide; these are for asking very many pairs,
and must agree.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.distance import EARTH_RADIUS

BLOCKED, DOUBTFUL = -1, -2

LOT = np.dtype(
    [
        ("place", "i4"), ("crop", "i4"), ("variety", "i4"), ("leave", "i4"), ("harvest_until", "i4"),
        ("shelf_life", "i4"), ("growing_area", "?"), ("first", "i4"), ("last", "i4"), ("party", "i8"),
        ("quantity", "i8"), ("min_take", "i8"), ("multiple", "i8"), ("ask", "i8"), ("early", "i8"),
        ("mark", "u8"), ("price", "i8"),
    ],
    align=True,
)  # fmt: skip
DEMAND = np.dtype(
    [
        ("place", "i4"), ("crop", "i4"), ("varieties", "u8"), ("deliver_from", "i4"), ("deliver_until", "i4"),
        ("min_shelf_life", "i4"), ("gate_from", "i4"), ("gate_until", "i4"), ("gate_growing_area", "?"),
        ("certificates", "u8"), ("max_distance", "i8"), ("party", "i8"), ("quantity", "i8"),
        ("min_take", "i8"), ("min_fill", "i8"), ("bid", "i8"), ("early", "i8"), ("mark", "u8"),
        ("price", "i8"),
    ],
    align=True,
)  # fmt: skip

Row = Any  # one of LOT or of DEMAND


class Common(NamedTuple):
    """What else the rules ask for: all orders in the sequence of their tree, and what holds for all pairs."""

    lots: NDArray[np.void]  # LOT
    demands: NDArray[np.void]  # DEMAND
    metres_per_dong: float
    reach: float  # m of a chord, at most
    max_distance: int
    road_factor_percent: int
    metres_per_hour: int
    hours: int  # from midnight of the day of leaving until loaded
    fixed: int
    dong_per_tonne_km: int
    percent: int  # of the bid, lost over a whole shelf life
    shift: int
    low: int
    hash_bits: int
    declined: NDArray[np.int64]  # sorted, lot · demands + demand
    scheme: NDArray[np.uint64]  # of each certificate its bit
    valid_from: NDArray[np.int32]
    valid_until: NDArray[np.int32]


@compiled
def scatter(word: np.uint64) -> np.uint64:
    """As in `ties`."""
    word = np.uint64(word + np.uint64(0x9E3779B97F4A7C15))
    word = np.uint64((word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    word = np.uint64((word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.uint64(word ^ (word >> np.uint64(31)))


@compiled
def worth(common: Common, lot: Row, demand: Row, chord: float) -> int:
    """What a pair is worth, BLOCKED where it breaks a rule, DOUBTFUL where its metres are a hair from a half.

    All rules but grade and stars, which are levels, are asked, as in `rules`, and `minimum.possible`.
    """
    half = chord / (2 * EARTH_RADIUS)
    metres = 2 * EARTH_RADIUS * math.asin(min(half, 1.0))
    if half > 0.99 or abs(metres - math.floor(metres) - 0.5) < 1e-6:
        return DOUBTFUL
    road = (math.floor(metres + 0.5) * common.road_factor_percent + 50) // 100
    if 0 <= demand.max_distance < road or 0 <= common.max_distance < road:
        return BLOCKED
    transit = (common.hours * common.metres_per_hour + road) // (24 * common.metres_per_hour)
    day = max(demand.deliver_from, lot.leave + transit)
    age = max(day - lot.harvest_until, transit)
    if day > demand.deliver_until or lot.shelf_life - age < max(demand.min_shelf_life, 0):
        return BLOCKED
    whole = 100 * max(lot.shelf_life, 1)
    penalty = (2 * common.percent * demand.bid * max(age, 0) + whole) // (2 * whole)
    transport = common.fixed + (common.dong_per_tonne_km * road + 500_000) // 1_000_000
    value: int = demand.bid - lot.ask - transport - penalty
    if value < 0 or not demand.gate_from <= day <= demand.gate_until or not fits(common, lot, demand):
        return BLOCKED
    if demand.certificates != 0 and demand.certificates & ~held(common, lot, day) != 0:
        return BLOCKED
    return value


@compiled
def fits(common: Common, lot: Row, demand: Row) -> bool:
    """Whether all rules hold that no distance and no day enters into."""
    if lot.crop != demand.crop or lot.party == demand.party:
        return False
    if demand.varieties != 0:
        wanted = (demand.varieties >> np.uint64(lot.variety)) & np.uint64(1)
        if lot.variety == 0 or wanted == 0:
            return False
    if demand.gate_growing_area and not lot.growing_area:
        return False
    minimum = max(lot.min_take, demand.min_take, 1)
    least = -(-minimum // lot.multiple) * lot.multiple
    if min(lot.quantity, demand.quantity) < max(least, 1) or demand.quantity < demand.min_fill:
        return False
    if len(common.declined):
        code = np.int64(lot.place) * len(common.demands) + demand.place
        place = np.searchsorted(common.declined, code)
        known: bool = place < len(common.declined) and common.declined[place] == code
        return not known
    return True


@compiled
def held(common: Common, lot: Row, day: int) -> np.uint64:
    """The certificate schemes of the lot that are valid on the day, as bits."""
    bits = np.uint64(0)
    for which in range(lot.first, lot.last):
        if common.valid_from[which] <= day <= common.valid_until[which]:
            bits |= common.scheme[which]
    return bits


@compiled
def gain(common: Common, lot: Row, demand: Row, value: int) -> int:
    """As in `ties`."""
    bonus = (lot.early + demand.early + 1) << common.low
    if common.hash_bits:
        bonus += np.int64(scatter(lot.mark ^ demand.mark) >> np.uint64(64 - common.hash_bits))
    whole: int = (np.int64(value) << common.shift) + bonus
    return whole

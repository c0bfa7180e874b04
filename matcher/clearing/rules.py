"""The rules a pair must keep, each with the code that explanations use."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.clearing.arrays import Demands, Lots, Terms, declined_pairs
from matcher.clearing.pairs import Book, Pairs

Booleans = NDArray[np.bool_]
Rule = Callable[[Pairs], Booleans]


def crop(pairs: Pairs) -> Booleans:
    """The demand is for the lot's crop."""
    same: Booleans = pairs.book.lots.crop[pairs.lot] == pairs.book.demands.crop[pairs.demand]
    return same


def variety(pairs: Pairs) -> Booleans:
    """The demand names no variety, or the lot's among others. A lot that names none fits only the former."""
    wanted = pairs.book.demands.varieties[pairs.demand]
    offered = pairs.book.lots.variety[pairs.lot].astype(np.uint64)
    fits: Booleans = (wanted == 0) | ((offered > 0) & ((wanted >> offered) & np.uint64(1) == 1))
    return fits


def grade(pairs: Pairs) -> Booleans:
    """The lot's grade is the least one wanted, or better."""
    return pairs.book.lots.grade[pairs.lot] >= pairs.book.demands.min_grade[pairs.demand]


def certificate(pairs: Pairs) -> Booleans:
    """The lot holds every certificate the demand requires, valid on the day of delivery."""
    return _holds(pairs, pairs.book.demands.certificates_required[pairs.demand])


def ocop(pairs: Pairs) -> Booleans:
    """The lot has as many OCOP stars as the demand wants, or more."""
    return pairs.book.lots.ocop_stars[pairs.lot] >= pairs.book.demands.min_ocop_stars[pairs.demand]


def gate(pairs: Pairs) -> Booleans:
    """The gate to the demand's market is open on the day of delivery, and the lot has what it takes."""
    lots, demands = pairs.book.lots, pairs.book.demands
    day = pairs.delivery_day
    opened = (demands.gate_from[pairs.demand] <= day) & (day <= demands.gate_until[pairs.demand])
    area = lots.growing_area[pairs.lot] | ~demands.gate_growing_area[pairs.demand]
    return opened & area & _holds(pairs, demands.gate_certificates[pairs.demand])


def window(pairs: Pairs) -> Booleans:
    """The goods can be picked, leave and arrive before the demand's last day is over."""
    return pairs.delivery_day <= pairs.book.demands.deliver_until[pairs.demand]


def freshness(pairs: Pairs) -> Booleans:
    """On arrival the shelf life still left is what the demand needs, and not below zero."""
    left = pairs.book.lots.shelf_life[pairs.lot] - pairs.age
    return left >= np.maximum(pairs.book.demands.min_shelf_life[pairs.demand], 0)


def distance(pairs: Pairs) -> Booleans:
    """By road no further than the demand allows, nor than the tariff carries."""
    own, common = pairs.book.demands.max_distance[pairs.demand], pairs.book.terms.max_distance
    near: Booleans = (own < 0) | (pairs.road <= own)
    if common >= 0:
        near &= pairs.road <= common
    return near


def price(pairs: Pairs) -> Booleans:
    """What the buyer bids covers the ask, the transport and the loss of freshness."""
    return pairs.value >= 0


def party(pairs: Pairs) -> Booleans:
    """Nobody trades with itself, and a pair that was declined, or failed, is not proposed again."""
    other: Booleans = pairs.book.lots.party[pairs.lot] != pairs.book.demands.party[pairs.demand]
    codes = pairs.book.declined_codes
    if not len(codes):
        return other
    return other & ~np.isin(pairs.lot.astype(np.int64) * len(pairs.book.demands) + pairs.demand, codes)


RULES: dict[str, Rule] = {
    "crop": crop,
    "variety": variety,
    "grade": grade,
    "certificate": certificate,
    "ocop": ocop,
    "gate": gate,
    "window": window,
    "freshness": freshness,
    "distance": distance,
    "price": price,
    "party": party,
}
# Those that need no distance thin out the pairs before the others are asked; the answer is the same.
_EASIEST_FIRST = ("crop", "grade", "ocop", "variety", "party", "distance", "window", "freshness", "price")
_SEQUENCE = (*_EASIEST_FIRST, *(code for code in RULES if code not in _EASIEST_FIRST))


def feasible(pairs: Pairs) -> Pairs:
    """Those of `pairs` that keep every rule."""
    for code in _SEQUENCE:
        pairs = pairs.select(RULES[code](pairs))
    return pairs


def blocking(
    lots: Lots,
    demands: Demands,
    terms: Terms,
    pairs: tuple[NDArray[np.integer], NDArray[np.integer]],
    declined: ArrayLike = (),
) -> NDArray[np.str_]:
    """For each pair (lot[k], demand[k]) the code of the first rule of RULES it breaks; "" where none."""
    book = Book(lots, demands, terms, declined_pairs(declined, len(lots), len(demands)))
    asked = Pairs(book, pairs[0].astype(np.intp), pairs[1].astype(np.intp))
    first = np.full(len(asked), "", dtype=f"<U{max(map(len, RULES))}")
    for code, rule in RULES.items():
        first[(first == "") & ~rule(asked)] = code
    return first


def _holds(pairs: Pairs, required: NDArray[np.uint64]) -> Booleans:
    if not required.any():
        return np.ones(len(pairs), np.bool_)
    held: Booleans = (pairs.held & required) == required
    return held

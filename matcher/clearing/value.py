"""What a kilogram is worth to the market when it goes from a lot to a demand, and what is paid for it.

    value = bid − ask − transport − freshness penalty          đ/kg, whole

Each part is rounded to whole đồng, half a đồng up, before it is taken off.
"""

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]


def transport(road: Longs, fixed_dong_per_kg: int, dong_per_tonne_km: int) -> Longs:
    """đ/kg over `road` metres: a fixed charge and a rate per tonne and kilometre."""
    return fixed_dong_per_kg + (dong_per_tonne_km * road + 500_000) // 1_000_000


def penalty(bid: Longs, age: Longs, shelf_life: Longs, percent: int) -> Longs:
    """đ/kg: `percent` of the bid for a whole shelf life, and for `age` days of it their share.

    `shelf_life` may be 0 only where `age` is.
    """
    whole = 100 * np.maximum(shelf_life, 1)
    share: Longs = (2 * percent * bid * np.maximum(age, 0) + whole) // (2 * whole)
    return share


def price(ask: Longs, bid: Longs, transport: Longs, seller_share_percent: int) -> Longs:
    """Whole đồng per kg at the farm gate: the ask, and the seller's share of the rest of bid − transport.

    A part of a đồng is rounded down, in the buyer's favour, so ask ≤ price and price + transport ≤ bid
    wherever ask + transport ≤ bid, which the rule `price` grants for every match.
    """
    return ask + (bid - transport - ask) * seller_share_percent // 100

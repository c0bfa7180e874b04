"""What the buyer pays the seller, per kg at the farm gate."""

import numpy as np
from numpy.typing import NDArray


def price(
    ask: NDArray[np.int64], bid: NDArray[np.int64], transport: NDArray[np.int64], seller_share_percent: int
) -> NDArray[np.int64]:
    """Whole đồng per kg: the ask, and the seller's percentage of what lies between it and bid − transport.

    A part of a đồng is rounded down, in the buyer's favour, so ask ≤ price and price + transport ≤ bid
    wherever ask + transport ≤ bid, which the rule `price` grants for every match.
    """
    return ask + (bid - transport - ask) * seller_share_percent // 100

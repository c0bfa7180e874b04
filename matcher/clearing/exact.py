"""Sums of prices times quantities, exact though they may not fit into 64 bits."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

Longs = NDArray[np.int64]

LIMB = 20  # bits; a price has at most three times as many
MOST_GRAMS = 1 << 42  # of so many LIMB bits each are below 2^62


def total(price: Longs, grams: Longs) -> int:
    """Σ price · grams; either may be below zero, a price is within 60 bits."""
    high, middle, low, every = limbs(price, grams)
    if every < MOST_GRAMS:
        return (int(high) << 2 * LIMB) + (int(middle) << LIMB) + int(low)
    used = np.flatnonzero(grams)
    return sum(a * b for a, b in zip(price[used].tolist(), grams[used].tolist(), strict=True))


@compiled
def limbs(price: Longs, grams: Longs) -> tuple[int, int, int, float]:
    """Of the prices' bits from 2 · LIMB, from LIMB and from 0 on the sums; and all grams, without sign."""
    mask = (1 << LIMB) - 1
    high, middle, low, every = 0, 0, 0, 0.0
    for place in range(len(price)):
        if grams[place] != 0:
            high += (price[place] >> 2 * LIMB) * grams[place]
            middle += (price[place] >> LIMB & mask) * grams[place]
            low += (price[place] & mask) * grams[place]
            every += abs(grams[place])
    return high, middle, low, every

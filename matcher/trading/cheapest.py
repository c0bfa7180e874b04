"""The smallest change that does, where each try is dear, and a larger change need not do as well."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt


@dataclass(frozen=True)
class Tried:
    """A change that was tried and does. `tight`: one less was tried, or is no change, and does not."""

    change: int
    tight: bool


def cheapest(does: Callable[[int], bool], first: int, most: int, tries: int) -> Tried | None:
    """A change from 1 to `most` that does, or None where none of those tried did; no change does not.

    It begins with `first`, and spends at most `tries`: half of them to find one that does, up to `most`.
    """
    low, high, left = 0, 0, tries
    step = min(max(first, 1), most)
    while not high and low < most and left:
        step = most if left == tries - tries // 2 + 1 else step
        left -= 1
        low, high, step = (low, step, step) if does(step) else (step, high, min(step * 4, most))
    while high - low > 1 and left:
        # Far apart, they are halved by their ratio: what is wanted is more often small.
        middle = isqrt(low * high) if 0 < 4 * low < high else (low + high) // 2
        left -= 1
        low, high = (low, middle) if does(middle) else (middle, high)
    return Tried(high, high - low == 1) if high else None

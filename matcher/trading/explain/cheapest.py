"""The smallest change that does, where each try is dear, and a larger change need not do as well."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isqrt


@dataclass(frozen=True)
class Tried:
    """A change that was tried and does. `tight`: one less was tried, or is no change, and does not."""

    change: int
    tight: bool


def cheapest(
    does: Callable[[int], bool], first: int, most: int, seconds: float, likely: Iterable[int] = ()
) -> Tried | None:
    """A change from 1 to `most` that does, or None where none of those tried did; no change does not.

    It begins with `first` and goes up to `most`; once half of the `seconds` are over, by way of the largest
    change alone that is `likely` to be the smallest. In what is left of them it goes down again, first to
    those that are likely.
    """
    begun, points = time.perf_counter(), sorted(point for point in set(likely) if 0 < point < most)
    low, high, step = 0, 0, min(max(first, 1), most)
    while not high and low < most:
        low, high = (low, step) if does(step) else (step, high)
        late = time.perf_counter() - begun > seconds / 2
        step = max((point for point in points if point > low), default=most) if late else min(step * 4, most)
    while high - low > 1 and time.perf_counter() - begun < seconds:
        points = [point for point in points if low < point < high]
        middle = points[len(points) // 2] if points else _middle(low, high)
        low, high = (low, middle) if does(middle) else (middle, high)
    return Tried(high, high - low == 1) if high else None


def _middle(low: int, high: int) -> int:
    # Far apart, they are halved by their ratio: what is wanted is more often small.
    return isqrt(low * high) if 0 < 4 * low < high else (low + high) // 2

"""The smallest change that does, where each try is dear, and a larger change need not do as well."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isqrt


@dataclass(frozen=True)
class Tried:
    """A change that was tried and does. `tight`: one less was tried, or is no change, and does not."""

    change: int
    tight: bool


def cheapest(
    does: Callable[[int], bool], first: int, most: int, tries: int, likely: Iterable[int] = ()
) -> Tried | None:
    """A change from 1 to `most` that does, or None where none of those tried did; no change does not.

    It begins with `first`, which may be a good guess: where it does, one less is next. From there it goes by
    ever longer steps along those that are `likely` to be the smallest, up until one does, or down until one
    does not, and then halves what is between. Half of the `tries` may be spent going up; then only the
    largest that is likely and `most` are left.
    """
    points = sorted(point for point in set(likely) if 0 < point < most)
    low, high, change, number = 0, 0, min(max(first, 1), most), 0
    while not high and low < most:
        low, high = (low, change) if does(change) else (change, high)
        number += 1
        change = _higher(low, most, [point for point in points if point > low], number, 2 * number >= tries)
    for step in range(tries - number):
        if high - low <= 1:
            break
        change = _lower(low, high, [point for point in points if low < point < high], step)
        low, high = (low, change) if does(change) else (change, high)
    return Tried(high, high - low == 1) if high else None


def _higher(low: int, most: int, above: Sequence[int], step: int, late: bool) -> int:
    """What to try above `low`: points ever further up, at last the largest of them, and then `most`."""
    if not above:
        return most if late else min(low * 4, most)
    return above[-1] if late else above[min(len(above), 1 << step) - 1]


def _lower(low: int, high: int, between: Sequence[int], step: int) -> int:
    """What to try below `high`: at first one less; then points ever further down, until one did not do."""
    if not step:
        return high - 1
    if not between:
        return _middle(low, high)
    return between[len(between) // 2] if low else between[-min(len(between), 1 << step)]


def _middle(low: int, high: int) -> int:
    # Far apart, they are halved by their ratio: what is wanted is more often small.
    return isqrt(low * high) if 0 < 4 * low < high else (low + high) // 2

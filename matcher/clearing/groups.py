"""Groups of entries: their members, and ranks within them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled


def rank(group: NDArray[np.integer], weight: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The place of each entry within its group (≥ 0): as they come, or from the greatest weight down."""
    order = np.argsort(group, kind="stable") if weight is None else np.lexsort((-weight, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    places = np.empty(len(group), np.int64)
    places[order] = np.arange(len(group)) - np.repeat(begins, np.diff(begins, append=len(group)))
    return places


class Groups(NamedTuple):
    """Entries group by group, and where each of the groups begins and ends among them."""

    entries: NDArray[np.int64]
    begin: NDArray[np.int64]


def grouped(group: NDArray[np.integer], count: int) -> Groups:
    """Entries by the group each belongs to, 0 to `count` − 1."""
    begin = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(group, minlength=count), out=begin[1:])
    return Groups(np.argsort(group, kind="stable"), begin)


@compiled
def members(groups: Groups, some: NDArray[np.int64]) -> NDArray[np.int64]:
    """The entries of `some` groups, group by group."""
    size = 0
    for group in some:
        size += groups.begin[group + 1] - groups.begin[group]
    found = np.empty(size, np.int64)
    place = 0
    for group in some:
        for entry in groups.entries[groups.begin[group] : groups.begin[group + 1]]:
            found[place] = entry
            place += 1
    return found

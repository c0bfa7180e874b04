"""Groups of entries: their members, and ranks within them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled


class Groups(NamedTuple):
    """Entries group by group, and where each of the groups begins and ends among them."""

    entries: NDArray[np.int32]
    begin: NDArray[np.int64]


@compiled
def grouped(group: NDArray[np.integer], count: int) -> Groups:
    """Entries by the group each belongs to, 0 to `count` − 1; those of one group in order."""
    begin = np.zeros(count + 1, np.int64)
    for number in group:
        begin[number + 1] += 1
    begin = np.cumsum(begin)
    free = begin[:-1].copy()
    entries = np.empty(len(group), np.int32)
    for entry in range(len(group)):
        number = group[entry]
        entries[free[number]] = entry
        free[number] += 1
    return Groups(entries, begin)


def rank(group: NDArray[np.integer], weight: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The place of each entry within its group (≥ 0): as they come, or from the greatest weight down."""
    groups = grouped(group, int(group.max(initial=-1)) + 1)
    return _places(groups, np.zeros(len(group), np.int64) if weight is None else weight)


@compiled
def _places(groups: Groups, weight: NDArray[np.int64]) -> NDArray[np.int64]:
    places = np.empty(len(weight), np.int64)
    for number in range(len(groups.begin) - 1):
        if groups.begin[number] == groups.begin[number + 1]:
            continue  # around a single order nearly all groups are empty, and to sort nothing takes time too
        own = groups.entries[groups.begin[number] : groups.begin[number + 1]]
        places[own[np.argsort(-weight[own], kind="mergesort")]] = np.arange(len(own))
    return places


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

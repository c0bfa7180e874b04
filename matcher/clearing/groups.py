"""Groups of entries: their members, and ranks within them."""

import numpy as np
from numpy.typing import NDArray


def rank(group: NDArray[np.integer], weight: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The place of each entry within its group (≥ 0): as they come, or from the greatest weight down."""
    order = np.argsort(group, kind="stable") if weight is None else np.lexsort((-weight, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    places = np.empty(len(group), np.int64)
    places[order] = np.arange(len(group)) - np.repeat(begins, np.diff(begins, append=len(group)))
    return places


class Groups:
    """Entries by the group each belongs to, 0 to `count` − 1."""

    def __init__(self, group: NDArray[np.integer], count: int) -> None:
        self._order = np.argsort(group, kind="stable")
        self._begin = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(group, minlength=count), out=self._begin[1:])

    def members(self, groups: NDArray[np.integer]) -> NDArray[np.int64]:
        """The entries of `groups`, group by group."""
        parts = [self._order[self._begin[group] : self._begin[group + 1]] for group in groups]
        return np.concatenate([np.empty(0, np.int64), *parts])

"""Orders sorted into a balanced tree of boxes, so that whole boxes of them can be passed over.

The tree is complete: node 1 is the root, 2k and 2k + 1 are below k, and leaf i, node leaves + i, holds the
orders from count · i // leaves to count · (i + 1) // leaves of the sorted sequence.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

LEAF = 16  # orders at most in one leaf


def leaves_of(count: int) -> int:
    """How many leaves a tree of `count` orders has, a power of two."""
    return 1 << max(0, -(-count // LEAF) - 1).bit_length()


@compiled
def grouped(features: NDArray[np.float64], leaves: int) -> NDArray[np.int64]:
    """The sequence int64[k] of the orders with `features` float64[k, d] in which every node's are alike.

    Each node is cut in the middle of the feature in which its orders differ most (Bentley, 1975).
    """
    count, columns = features.shape
    sequence = np.arange(count)
    parts = 1
    while parts < leaves:
        each = leaves // parts
        for part in range(parts):
            first, last = count * part * each // leaves, count * (part + 1) * each // leaves
            some = sequence[first:last].copy()
            if len(some) < 2:
                continue
            widest, spread = 0, -1.0
            for column in range(columns):
                low = high = features[some[0], column]
                for order in some:
                    low = min(low, features[order, column])
                    high = max(high, features[order, column])
                if high - low > spread:
                    widest, spread = column, high - low
            figures = np.empty(len(some))
            for place in range(len(some)):
                figures[place] = features[some[place], widest]
            sequence[first:last] = some[np.argsort(figures, kind="mergesort")]
        parts *= 2
    return sequence


@compiled
def lowest(figures: NDArray[np.float64], leaves: int) -> NDArray[np.float64]:
    """Of each node the least of the sorted `figures` float64[k, d] in it: float64[2 · leaves, d]."""
    count, columns = figures.shape
    least = np.full((2 * leaves, columns), np.inf)
    for leaf in range(leaves):
        for order in range(count * leaf // leaves, count * (leaf + 1) // leaves):
            for column in range(columns):
                least[leaves + leaf, column] = min(least[leaves + leaf, column], figures[order, column])
    for node in range(leaves - 1, 0, -1):
        for column in range(columns):
            least[node, column] = min(least[2 * node, column], least[2 * node + 1, column])
    return least

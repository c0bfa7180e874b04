"""The arcs of each node of a network, as lists that grow, compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.simplex import Arcs
from matcher.clearing.solver.spanning import NONE


class Lists(NamedTuple):
    """The arcs of each node: the first, and of each arc the next of its source and of its target."""

    first: NDArray[np.int32]
    of_source: NDArray[np.int32]
    of_target: NDArray[np.int32]


@compiled
def link(arcs: Arcs, lists: Lists, begin: int, end: int) -> None:
    """Puts new arcs before those that their nodes have already."""
    for arc in range(end - 1, begin - 1, -1):
        source, target = arcs.source[arc], arcs.target[arc]
        lists.of_source[arc] = lists.first[source]
        lists.first[source] = arc
        lists.of_target[arc] = lists.first[target]
        lists.first[target] = arc


@compiled
def members(lists: Lists, gain: NDArray[np.int64], node: int, lots: int) -> NDArray[np.int64]:
    """The arcs of a node that are still there."""
    found = np.empty(count_of(lists, node, lots), np.int64)
    count = 0
    arc = lists.first[node]
    while arc != NONE:
        if gain[arc] > 0:
            found[count] = arc
            count += 1
        arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
    return found[:count]


@compiled
def count_of(lists: Lists, node: int, lots: int) -> int:
    count = 0
    arc = lists.first[node]
    while arc != NONE:
        count += 1
        arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
    return count


@compiled
def all_members(lists: Lists, nodes: NDArray[np.int64], lots: int) -> NDArray[np.int64]:
    """The arcs of all these nodes of one side, those that are no more among them."""
    size = 0
    for node in nodes:
        size += count_of(lists, node, lots)
    found = np.empty(size, np.int64)
    count = 0
    for node in nodes:
        arc = lists.first[node]
        while arc != NONE:
            found[count] = arc
            count += 1
            arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
    return found

"""The primal network simplex for the transportation problem, compiled.

Nodes: lots 0..m−1, demands m..m+n−1, and the root, m+n. Arcs: for each lot or demand v one slack arc v,
from a lot to the root or from the root to a demand, which carries what is left over for a gain of
nothing; then the arcs from lots to demands. So every flow is feasible from the start, with all on the
slack arcs. A basis is a spanning tree. With potentials that make every tree arc's reduced cost zero, an
arc outside the tree whose reduced cost is negative can improve the flow: it enters, flow goes round the
cycle it closes, and an arc that is emptied or filled leaves.

The leaving arc is the last blocking one of the cycle, followed in the direction of the flow from its
top; so every tree is strongly feasible and degenerate steps cannot go round in circles (Cunningham, A
network simplex method, 1976). Entering arcs are looked for block by block, the best of the first block
that has any (Kelly, O'Neill, The minimum cost flow problem and the network simplex method, 1991).

In the innermost loops, here and in `spanning`, places are made unsigned, which spares the test whether one
counts from the end, as those below zero do: a fifth of the time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.spanning import NO_LIMIT, NONE, Tree, carry, grow, hang, send

LOWER, BASIC, UPPER = 1, 0, -1  # an arc's state: empty, in the tree, full


class Arcs(NamedTuple):
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    gain: NDArray[np.int64]
    room: NDArray[np.int64]
    state: NDArray[np.int8]


@compiled
def entering(arcs: Arcs, potential: NDArray[np.int64], begin: int, block: int) -> tuple[int, int]:
    """(the arc of most negative reduced cost in the first block from `begin` with one, the next place)."""
    count = len(arcs.gain)
    place, left = begin, count
    while left > 0:
        last = min(place + block, count)
        best, found = 0, NONE
        for arc in range(np.uint64(place), np.uint64(last)):
            source, target = np.uint32(arcs.source[arc]), np.uint32(arcs.target[arc])
            reduced = (potential[source] - potential[target] - arcs.gain[arc]) * arcs.state[arc]
            if reduced < best:
                best, found = reduced, np.int64(arc)  # type: ignore[assignment]
        left -= last - place
        place = last if last < count else 0
        if found != NONE:
            return found, place
    return NONE, place


@compiled
def blocking(tree: Tree, first: int, second: int, room: int) -> tuple[int, int, bool, int]:
    """What stops a flow of `room` from `first` to `second`, and back through the tree.

    Returns (the flow, the node whose link blocks or NONE where `room` does, whether that node is on the
    side of `first`, the top of the cycle).
    """
    shape, link = tree.shape, tree.link
    near, near_flow, far, far_flow = NONE, room, NONE, room
    while first != second:
        if shape[first].size < shape[second].size:
            most = link[first].flow if link[first].up else link[first].room - link[first].flow
            if most < near_flow:
                near, near_flow = first, most
            first = shape[first].parent
        else:
            most = link[second].room - link[second].flow if link[second].up else link[second].flow
            if most <= far_flow:
                far, far_flow = second, most
            second = shape[second].parent
    if far != NONE and far_flow <= near_flow:
        return far_flow, far, False, first
    return near_flow, near, True, first


@compiled
def graft(
    arcs: Arcs, tree: Tree, enter: int, flow: int, out: int, inside: int, top: int, change: int
) -> bool:
    """Bring arc `enter`, carrying `flow`, in for the link of `out`; `inside` is its end at or below `out`.

    Adds `change` to the potentials of all at and below `out`; returns whether they stay in bounds.
    """
    arcs.state[enter] = BASIC
    arcs.state[tree.link[out].arc] = LOWER if tree.link[out].flow == 0 else UPPER
    up = arcs.source[enter] == inside
    outside = arcs.target[enter] if up else arcs.source[enter]
    size = tree.shape[out].size
    within = carry(tree, out, inside, outside, change)
    grow(tree, tree.shape[out].parent, top, -size)
    grow(tree, outside, top, size)
    hang(tree, out, inside, (outside, enter, flow, arcs.room[enter], up))
    return within


@compiled
def exchange(arcs: Arcs, tree: Tree, enter: int, flow: int, out: int, inside: int, top: int) -> bool:
    """As `graft`, with the potentials that make the reduced cost of `enter` zero."""
    up = arcs.source[enter] == inside
    outside = arcs.target[enter] if up else arcs.source[enter]
    change = tree.potential[outside] - tree.potential[inside]
    change += arcs.gain[enter] if up else -arcs.gain[enter]
    return graft(arcs, tree, enter, flow, out, inside, top, change)


@compiled
def pivot(arcs: Arcs, tree: Tree, enter: int) -> bool:
    """Bring arc `enter` in; returns whether the potentials stayed within MOST_POTENTIAL."""
    room, full = arcs.room[enter], arcs.state[enter] == UPPER
    first, second = arcs.source[enter], arcs.target[enter]
    if full:
        first, second = second, first
    flow, out, near, top = blocking(tree, first, second, room)
    if flow > 0:
        send(tree, first, top, flow)
        send(tree, second, top, -flow)
    if out == NONE:
        arcs.state[enter] = LOWER if full else UPPER
        return True
    return exchange(arcs, tree, enter, room - flow if full else flow, out, first if near else second, top)


@compiled
def optimise(arcs: Arcs, tree: Tree, block: int, most: int = NO_LIMIT) -> int:
    """Pivot until no arc can improve the flow, or `most` times; returns how often, or NONE on overflow."""
    pivots = place = 0
    while pivots < most:
        enter, place = entering(arcs, tree.potential, place, block)
        if enter == NONE:
            break
        if not pivot(arcs, tree, enter):
            return NONE
        pivots += 1
    return pivots


@compiled
def limit(arcs: Arcs, tree: Tree, arc: int, room: int) -> bool:
    """Let `arc` carry at most `room`; what is over goes to the slack arcs of its ends.

    Returns whether the potentials stayed within MOST_POTENTIAL.
    """
    source, target = arcs.source[arc], arcs.target[arc]
    below = source if tree.link[source].arc == arc else target
    basic = arcs.state[arc] == BASIC
    flow = tree.link[below].flow if basic else arcs.room[arc] if arcs.state[arc] == UPPER else 0
    within = True
    arcs.room[arc] = min(arcs.room[arc], room)
    if basic:
        tree.link[below].room = arcs.room[arc]
    over = flow - arcs.room[arc]
    if over <= 0:
        return within
    if basic:
        tree.link[below].flow = arcs.room[arc]
        # A node's slack arc has its number.
        within = exchange(arcs, tree, below, 0, below, below, len(tree.shape) - 1)
    elif arcs.room[arc] == 0:
        arcs.state[arc] = LOWER
    for node in (source, target):
        if arcs.state[node] != BASIC:
            within = pivot(arcs, tree, node) and within
        tree.link[node].flow += over
    return within


@compiled
def limit_all(arcs: Arcs, tree: Tree, some: NDArray[np.int64], room: NDArray[np.int64]) -> bool:
    """As `limit`, of several arcs."""
    within = True
    for place in range(len(some)):
        within = limit(arcs, tree, some[place], room[place]) and within
    return within


@compiled
def flows(arcs: Arcs, tree: Tree) -> NDArray[np.int64]:
    """What each arc carries, slack arcs first."""
    flow = np.where(arcs.state == UPPER, arcs.room, 0)
    for node in range(len(tree.shape) - 1):
        flow[tree.link[node].arc] = tree.link[node].flow
    return flow

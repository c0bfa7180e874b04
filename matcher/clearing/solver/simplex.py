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
that has any (Kelly, O'Neill, The minimum cost flow problem and the network simplex method, 1991), among
arcs that were seen to improve the flow a little before (a candidate list; Mulvey, Pivot strategies for
primal-simplex network codes, 1978). Where trees are large a pivot costs far more than looking at arcs, so
choosing well pays; where few arcs are left that improve anything, they are not looked for each time.

In the innermost loops, here and in `spanning`, places are made unsigned, which spares the test whether one
counts from the end, as those below zero do: a fifth of the time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.spanning import NO_LIMIT, NONE, Tree, grow, hang, send, shift, splice

LOWER, BASIC, UPPER = 1, 0, -1  # an arc's state: empty, in the tree, full

# The arc that enters is the best of BLOCK hopeful ones. There is room for one of these to HOPEFUL nodes, and
# for LEAST; they are looked for anew when one in FRESH of that room has entered, or one in LOOKED of the arcs
# looked at. Measured best for 100,000 orders a side with 16 and 64 partners each; smaller books are as quick.
BLOCK, HOPEFUL, LEAST, FRESH, LOOKED = 64, 3, 64, 64, 512

# What a hopeful arc's reduced cost is made of, kept together: arcs lie far apart in memory.
HOPE = np.dtype([("gain", "i8"), ("source", "i4"), ("target", "i4"), ("arc", "i4"), ("state", "i4")])


class Arcs(NamedTuple):
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    gain: NDArray[np.int64]
    room: NDArray[np.int64]
    state: NDArray[np.int8]


@compiled
def reduced(arcs: Arcs, potential: NDArray[np.int64], arc: np.uint64) -> int:
    """Below zero where bringing the arc in improves the flow, and by how much for each unit."""
    source, target = np.uint32(arcs.source[arc]), np.uint32(arcs.target[arc])
    cost: int = (potential[source] - potential[target] - arcs.gain[arc]) * arcs.state[arc]
    return cost


@compiled
def collect(
    arcs: Arcs, potential: NDArray[np.int64], begin: int, hopeful: NDArray[np.void]
) -> tuple[int, int]:
    """Write down arcs that improve the flow, as many as there is room for, from `begin` on once round.

    Returns (how many, how many were looked at); none are found just where the flow is best.
    """
    count, size = len(arcs.gain), 0
    arc = begin
    for looked in range(count):
        if reduced(arcs, potential, np.uint64(arc)) < 0:
            hope = hopeful[size]
            hope.arc, hope.gain, hope.state = arc, arcs.gain[arc], arcs.state[arc]
            hope.source, hope.target = arcs.source[arc], arcs.target[arc]
            size += 1
            if size == len(hopeful):
                return size, looked + 1
        arc = arc + 1 if arc + 1 < count else 0
    return size, count


@compiled
def entering(
    arcs: Arcs, potential: NDArray[np.int64], hopeful: NDArray[np.void], size: int, begin: int
) -> tuple[int, int, int]:
    """Of the first `size` of `hopeful` arcs the one of most negative reduced cost in a block from `begin` on.

    Takes out those that improve nothing any more. Returns (the arc, or NONE where none came till the end; how
    many are left; the next place).
    """
    best, found, place = 0, NONE, begin
    while place < size and (place < begin + BLOCK or found == NONE):
        hope = hopeful[np.uint64(place)]
        falls = potential[np.uint32(hope.source)] - potential[np.uint32(hope.target)]
        cost = (falls - hope.gain) * hope.state
        if cost < 0 and (cost >= best or arcs.state[hope.arc] == hope.state):
            if cost < best:
                best, found = cost, hope.arc
            place += 1
        else:
            size -= 1
            hopeful[place] = hopeful[size]
    return found, size, place if place < size else 0


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
    splice(tree, out, inside, outside)
    grow(tree, tree.shape[out].parent, top, -size)
    grow(tree, outside, top, size)
    hang(tree, out, inside, (outside, enter, flow, arcs.room[enter], up))
    return shift(tree, inside, change) if change else True


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
def optimise(arcs: Arcs, tree: Tree, most: int = NO_LIMIT) -> int:
    """Pivot until no arc can improve the flow, or `most` times; returns how often, or NONE on overflow."""
    hopeful = np.empty(max(len(tree.shape) // HOPEFUL, LEAST), HOPE)
    pivots = begin = 0
    while pivots < most:
        size, looked = collect(arcs, tree.potential, begin, hopeful)
        if size == 0:
            break
        begin = (begin + looked) % len(arcs.gain)
        fresh = min(most, pivots + max(len(hopeful) // FRESH, looked // LOOKED, 1))
        place = 0
        while size > 0 and pivots < fresh:
            enter, size, place = entering(arcs, tree.potential, hopeful, size, place)
            if enter != NONE:
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

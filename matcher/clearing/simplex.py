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

What a walk through the tree needs of a node lies together in memory, and orders that share arcs should
have numbers close to each other: most of the time goes into waiting for memory. In the two innermost
loops places are made unsigned, which spares the test whether one counts from the end, as those below zero
do: a fifth of the time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

MOST_POTENTIAL = 1 << 60
NO_LIMIT = 1 << 62
NONE = -1
LOWER, BASIC, UPPER = 1, 0, -1  # an arc's state: empty, in the tree, full

SHAPE = np.dtype([("parent", "i4"), ("child", "i4"), ("next", "i4"), ("size", "i4")])
LINK = np.dtype([("flow", "i8"), ("room", "i8"), ("arc", "i4"), ("previous", "i4"), ("up", "?")], align=True)


class Arcs(NamedTuple):
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    gain: NDArray[np.int64]
    room: NDArray[np.int64]
    state: NDArray[np.int8]


class Tree(NamedTuple):
    """`shape`: each node's parent, first child, next sibling, and how many nodes it and all below it are.

    `link`: the arc to the parent, whether it runs up to it, its flow and room; the previous sibling.
    `stack` is scratch space.
    """

    shape: NDArray[np.void]
    link: NDArray[np.void]
    potential: NDArray[np.int64]
    stack: NDArray[np.int32]


@compiled
def plant(tree: Tree, capacity: NDArray[np.int64], lots: int) -> None:
    """Hang every node on the root by its slack arc, which carries all of its capacity."""
    shape, link, root = tree.shape, tree.link, len(capacity)
    for node in range(root + 1):
        shape[node].parent = NONE
        shape[node].child = NONE
        shape[node].next = NONE
        shape[node].size = 1
        link[node].arc = node
        link[node].previous = NONE
    shape[root].size = root + 1
    for node in range(root):
        link[node].flow = capacity[node]
        link[node].room = NO_LIMIT
        link[node].up = node < lots
        adopt(tree, node, root)


@compiled
def adopt(tree: Tree, node: int, parent: int) -> None:
    first = tree.shape[parent].child
    tree.shape[node].next = first
    tree.link[node].previous = NONE
    if first != NONE:
        tree.link[first].previous = node
    tree.shape[parent].child = node
    tree.shape[node].parent = parent


@compiled
def leave(tree: Tree, node: int) -> None:
    before, after = tree.link[node].previous, tree.shape[node].next
    if before != NONE:
        tree.shape[before].next = after
    else:
        tree.shape[tree.shape[node].parent].child = after
    if after != NONE:
        tree.link[after].previous = before


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
def send(tree: Tree, node: int, top: int, flow: int) -> None:
    """Let `flow` come down from `top` to `node`; a negative one goes up."""
    while node != top:
        tree.link[node].flow += -flow if tree.link[node].up else flow
        node = tree.shape[node].parent


@compiled
def grow(tree: Tree, node: int, top: int, size: int) -> None:
    """Count `size` nodes more below each from `node` up to `top`, which is left out."""
    while node != top:
        tree.shape[node].size += size
        node = tree.shape[node].parent


@compiled
def hang(tree: Tree, out: int, inside: int, outside: int, by: tuple[int, int, int, bool]) -> None:
    """Cut off `out` with all below it, and hang that part on `outside` by its node `inside`.

    `by` is the arc between those two, its flow, its room and whether it runs up.
    """
    shape, link = tree.shape, tree.link
    arc, flow, room, up = by
    node, parent, total, below = inside, outside, shape[out].size, 0
    while True:
        old = (shape[node].parent, link[node].arc, link[node].flow, link[node].room, link[node].up)
        size = shape[node].size
        leave(tree, node)
        adopt(tree, node, parent)
        link[node].arc, link[node].flow, link[node].room, link[node].up = arc, flow, room, up
        shape[node].size = total - below
        if node == out:
            return
        parent, below = node, size
        node, arc, flow, room = old[0], old[1], old[2], old[3]
        up = not old[4]


@compiled
def shift(tree: Tree, top: int, change: int) -> bool:
    """Add `change` to the potentials of `top` and all below it; returns whether they stay in bounds."""
    shape, potential, stack = tree.shape, tree.potential, tree.stack
    potential[top] += change
    within: bool = -MOST_POTENTIAL < potential[top] < MOST_POTENTIAL
    height, stack[0] = 1, top
    while height > 0:
        height -= 1
        child = shape[np.uint32(stack[height])].child
        while child != NONE:
            node = np.uint32(child)
            potential[node] += change
            within = within and -MOST_POTENTIAL < potential[node] < MOST_POTENTIAL
            # Most have nothing below them, and need not wait on the stack.
            if shape[node].child != NONE:
                stack[height] = child
                height += 1
            child = shape[node].next
    return within


@compiled
def graft(arcs: Arcs, tree: Tree, enter: int, flow: int, out: int, inside: int, top: int) -> int:
    """Bring arc `enter`, carrying `flow`, in for the link of `out`; `inside` is its end at or below `out`.

    Returns by how much the potentials of `inside` and of all that is now below it are to change.
    """
    arcs.state[enter] = BASIC
    arcs.state[tree.link[out].arc] = LOWER if tree.link[out].flow == 0 else UPPER
    up = arcs.source[enter] == inside
    outside = arcs.target[enter] if up else arcs.source[enter]
    change: int = tree.potential[outside] - tree.potential[inside]
    change += arcs.gain[enter] if up else -arcs.gain[enter]
    size = tree.shape[out].size
    grow(tree, tree.shape[out].parent, top, -size)
    grow(tree, outside, top, size)
    hang(tree, out, inside, outside, (enter, flow, arcs.room[enter], up))
    return change


@compiled
def exchange(arcs: Arcs, tree: Tree, enter: int, flow: int, out: int, inside: int, top: int) -> bool:
    """As `graft`, with the potentials; returns whether they stayed within MOST_POTENTIAL."""
    return shift(tree, inside, graft(arcs, tree, enter, flow, out, inside, top))


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
def flows(arcs: Arcs, tree: Tree) -> NDArray[np.int64]:
    """What each arc carries, slack arcs first."""
    flow = np.where(arcs.state == UPPER, arcs.room, 0)
    for node in range(len(tree.shape) - 1):
        flow[tree.link[node].arc] = tree.link[node].flow
    return flow

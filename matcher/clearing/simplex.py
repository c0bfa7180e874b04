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

Most of the time goes into moving the potentials of what hangs by the arc that leaves, so the tree is kept as
a walk through it, a list with each part of the tree in one piece (Barr, Glover, Klingman, Enhancements to
spanning tree labelling procedures for network optimization, 1979), and orders that share arcs should have
numbers close to each other in memory. In the two innermost
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

SHAPE = np.dtype([("parent", "i4"), ("size", "i4")])
LINK = np.dtype([("flow", "i8"), ("room", "i8"), ("arc", "i4"), ("up", "?")], align=True)


class Arcs(NamedTuple):
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    gain: NDArray[np.int64]
    room: NDArray[np.int64]
    state: NDArray[np.int8]


class Tree(NamedTuple):
    """`shape`: each node's parent, and how many nodes it and all below it are.

    `link`: the arc to the parent, whether it runs up to it, its flow and room. `thread` is the next node of a
    walk in which all that is below a node comes right after it, and after the last the root; `back` the node
    before. `path` and `front` are scratch space.
    """

    shape: NDArray[np.void]
    link: NDArray[np.void]
    potential: NDArray[np.int64]
    thread: NDArray[np.int32]
    back: NDArray[np.int32]
    path: NDArray[np.int32]
    front: NDArray[np.int32]


def bare(nodes: int) -> Tree:
    """Of so many nodes, the root among them, to be planted."""
    shape, link, potential = np.zeros(nodes, SHAPE), np.zeros(nodes, LINK), np.zeros(nodes, np.int64)
    return Tree(shape, link, potential, *np.zeros((4, nodes), np.int32))


@compiled
def plant(tree: Tree, capacity: NDArray[np.int64], lots: int) -> None:
    """Hang every node on the root by its slack arc, which carries all of its capacity."""
    shape, link, root = tree.shape, tree.link, len(capacity)
    for node in range(root + 1):
        shape[node].parent = root if node < root else NONE
        shape[node].size = 1 if node < root else root + 1
        link[node].arc = node
        follow(tree, node, node + 1 if node < root else 0)
    for node in range(root):
        link[node].flow = capacity[node]
        link[node].room = NO_LIMIT
        link[node].up = node < lots


@compiled
def follow(tree: Tree, node: int, later: int) -> None:
    """Has `later` come right after `node` in the walk."""
    tree.thread[np.uint32(node)] = later
    tree.back[np.uint32(later)] = node


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
def shift(tree: Tree, node: int, stop: int, most: int, change: int) -> tuple[int, int, bool]:
    """Add `change` to the potentials of the walk from `node` on: until `stop`, but of `most` nodes.

    Returns (of how many, the last of them, whether they stay in bounds).
    """
    potential, thread = tree.potential, tree.thread
    last, count, low, high = node, 0, 0, 0
    while node != stop and count < most:
        own = potential[np.uint32(node)] + change
        potential[np.uint32(node)] = own
        low, high = min(low, own), max(high, own)
        last, node = node, thread[np.uint32(node)]
        count += 1
    return count, last, low > -MOST_POTENTIAL and high < MOST_POTENTIAL


@compiled
def carry(tree: Tree, out: int, inside: int, outside: int, change: int) -> bool:
    """Walk what is at and below `out` right after `outside`, from `inside` on; `hang` is yet to be done.

    Adds `change` to the potentials there; returns whether they stay in bounds. On the path from `inside` to
    `out`, what is below a node but not below the one before is walked in two parts: before that, and after.
    """
    shape, thread, back, path, front = tree.shape, tree.thread, tree.back, tree.path, tree.front
    height, node = 0, inside
    while node != out:
        path[height] = node
        height, node = height + 1, shape[node].parent
    path[height] = out
    within = True
    for step in range(height, 0, -1):
        front[step], _, fine = shift(tree, path[step], path[step - 1], NO_LIMIT, change)
        within = within and fine
    _, end, fine = shift(tree, inside, NONE, shape[inside].size, change)
    within = within and fine
    before, after = back[inside], thread[end]
    for step in range(1, height + 1):
        node = path[step]
        end_of_front, before = before, back[node]
        follow(tree, end, node)
        end = end_of_front
        rest = shape[node].size - shape[path[step - 1]].size - front[step]
        if rest > 0:
            follow(tree, end, after)
            _, end, fine = shift(tree, after, NONE, rest, change)
            within, after = within and fine, thread[end]
    follow(tree, before, after)
    later = thread[outside]
    follow(tree, outside, inside)
    follow(tree, end, later)
    return within


@compiled
def hang(tree: Tree, out: int, inside: int, by: tuple[int, int, int, int, bool]) -> None:
    """Turn the links from `inside` up to `out` round, so that all below `out` hangs by `inside`.

    `by` is the new parent of `inside`, the arc to it, its flow, its room and whether it runs up.
    """
    shape, link = tree.shape, tree.link
    node, total, below = inside, shape[out].size, 0
    parent, arc, flow, room, up = by
    while True:
        old = (shape[node].parent, link[node].arc, link[node].flow, link[node].room, link[node].up)
        size = shape[node].size
        shape[node].parent, shape[node].size = parent, total - below
        link[node].arc, link[node].flow, link[node].room, link[node].up = arc, flow, room, up
        if node == out:
            return
        parent, below = node, size
        node, arc, flow, room = old[0], old[1], old[2], old[3]
        up = not old[4]


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
def flows(arcs: Arcs, tree: Tree) -> NDArray[np.int64]:
    """What each arc carries, slack arcs first."""
    flow = np.where(arcs.state == UPPER, arcs.room, 0)
    for node in range(len(tree.shape) - 1):
        flow[tree.link[node].arc] = tree.link[node].flow
    return flow

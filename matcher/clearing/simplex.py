"""The primal network simplex for the transportation problem, compiled.

Nodes: lots 0..m−1, demands m..m+n−1, and the root, m+n. Arcs: for each lot or demand v one slack arc v,
from a lot to the root or from the root to a demand, which carries what is left over for a gain of
nothing; then the arcs from lots to demands. So every flow is feasible from the start, with all on the
slack arcs. A basis is a spanning tree, held by parents, children and depths. With potentials that make
every tree arc's reduced cost zero, an arc outside the tree whose reduced cost is negative can improve
the flow: it enters, flow goes round the cycle it closes, and an arc that is emptied or filled leaves.

The leaving arc is the last blocking one of the cycle, followed in the direction of the flow from its
top; so every tree is strongly feasible and degenerate steps cannot go round in circles (Cunningham, A
network simplex method, 1976). Entering arcs are looked for block by block, the best of the first block
that has any (Kelly, O'Neill, The minimum cost flow problem and the network simplex method, 1991).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

MOST_POTENTIAL = 1 << 60
NONE = -1
LOWER, BASIC, UPPER = 1, 0, -1  # an arc's state: empty, in the tree, full
UP, DOWN = 1, -1  # a tree arc runs to the parent, or from it


class Arcs(NamedTuple):
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    gain: NDArray[np.int64]
    room: NDArray[np.int64]
    flow: NDArray[np.int64]
    state: NDArray[np.int8]


class Tree(NamedTuple):
    """For each node its parent, the arc to it and that arc's direction, depth, potential, and siblings."""

    parent: NDArray[np.int32]
    arc: NDArray[np.int32]
    direction: NDArray[np.int8]
    depth: NDArray[np.int32]
    potential: NDArray[np.int64]
    child: NDArray[np.int32]
    next: NDArray[np.int32]
    previous: NDArray[np.int32]


@compiled
def plant(arcs: Arcs, tree: Tree, lots: int) -> None:
    """Hang every node on the root by its slack arc."""
    root = len(tree.parent) - 1
    tree.parent[root] = NONE
    tree.arc[root] = NONE
    tree.previous[root] = NONE
    tree.next[root] = NONE
    tree.child[root] = NONE
    for node in range(root):
        arcs.state[node] = BASIC
        tree.child[node] = NONE
        tree.arc[node] = node
        tree.direction[node] = UP if node < lots else DOWN
        tree.depth[node] = 1
        adopt(tree, node, root)


@compiled
def adopt(tree: Tree, node: int, parent: int) -> None:
    first = tree.child[parent]
    tree.next[node] = first
    tree.previous[node] = NONE
    if first != NONE:
        tree.previous[first] = node
    tree.child[parent] = node
    tree.parent[node] = parent


@compiled
def leave(tree: Tree, node: int) -> None:
    before, after = tree.previous[node], tree.next[node]
    if before != NONE:
        tree.next[before] = after
    else:
        tree.child[tree.parent[node]] = after
    if after != NONE:
        tree.previous[after] = before


@compiled
def entering(arcs: Arcs, potential: NDArray[np.int64], begin: int, block: int) -> tuple[int, int]:
    """(the arc of most negative reduced cost in the first block from `begin` with one, the next place)."""
    count = len(arcs.gain)
    best, found, place, left = 0, NONE, begin, block
    for _ in range(count):
        if arcs.state[place] != BASIC:
            reduced = potential[arcs.source[place]] - potential[arcs.target[place]] - arcs.gain[place]
            reduced *= arcs.state[place]
            if reduced < best:
                best, found = reduced, place
        place += 1
        if place == count:
            place = 0
        left -= 1
        if left == 0:
            if found != NONE:
                break
            left = block
    return found, place


@compiled
def top_of_cycle(tree: Tree, one: int, other: int) -> int:
    while one != other:
        if tree.depth[one] >= tree.depth[other]:
            one = tree.parent[one]
        else:
            other = tree.parent[other]
    return one


@compiled
def blocking_node(
    arcs: Arcs, tree: Tree, enter: int, first: int, second: int, top: int
) -> tuple[int, int, bool]:
    """What stops the flow from `first` over arc `enter` to `second`, up to `top` and down again.

    Returns (the flow, the node whose tree arc blocks or NONE where `enter` itself does, whether that
    node is on the side of `first`).
    """
    flow, found, near = arcs.room[enter], NONE, False
    node = first
    while node != top:
        arc = tree.arc[node]
        most = arcs.room[arc] - arcs.flow[arc] if tree.direction[node] == DOWN else arcs.flow[arc]
        if most < flow:
            flow, found, near = most, node, True
        node = tree.parent[node]
    node = second
    while node != top:
        arc = tree.arc[node]
        most = arcs.room[arc] - arcs.flow[arc] if tree.direction[node] == UP else arcs.flow[arc]
        if most <= flow:
            flow, found, near = most, node, False
        node = tree.parent[node]
    return flow, found, near


@compiled
def send(arcs: Arcs, tree: Tree, enter: int, flow: int, top: int) -> None:
    """`flow`, negative to take back, over arc `enter` and round the tree."""
    arcs.flow[enter] += flow
    node = arcs.source[enter]
    while node != top:
        arcs.flow[tree.arc[node]] -= tree.direction[node] * flow
        node = tree.parent[node]
    node = arcs.target[enter]
    while node != top:
        arcs.flow[tree.arc[node]] += tree.direction[node] * flow
        node = tree.parent[node]


@compiled
def exchange(arcs: Arcs, tree: Tree, enter: int, out: int, inside: int) -> bool:
    """Cut off `out` with all below it, and hang that part on arc `enter` by its node `inside`.

    Returns whether the potentials stayed within MOST_POTENTIAL.
    """
    leaving = tree.arc[out]
    arcs.state[enter] = BASIC
    arcs.state[leaving] = LOWER if arcs.flow[leaving] == 0 else UPPER
    outward = arcs.source[enter] == inside
    outside = arcs.target[enter] if outward else arcs.source[enter]
    change = tree.potential[outside] - tree.potential[inside]
    change += arcs.gain[enter] if outward else -arcs.gain[enter]
    node, parent, arc, direction = inside, outside, enter, UP if outward else DOWN
    while True:
        old_parent, old_arc, old_direction = tree.parent[node], tree.arc[node], tree.direction[node]
        leave(tree, node)
        adopt(tree, node, parent)
        tree.arc[node] = arc
        tree.direction[node] = direction
        if node == out:
            break
        node, parent, arc, direction = old_parent, node, old_arc, -old_direction
    return shift_below(tree, inside, change)


@compiled
def shift_below(tree: Tree, top: int, change: int) -> bool:
    """Add `change` to the potentials of `top` and all below it, and count their depths anew."""
    within = True
    node = top
    while True:
        tree.potential[node] += change
        tree.depth[node] = tree.depth[tree.parent[node]] + 1
        within = within and -MOST_POTENTIAL < tree.potential[node] < MOST_POTENTIAL
        if tree.child[node] != NONE:
            node = tree.child[node]
            continue
        while node != top and tree.next[node] == NONE:
            node = tree.parent[node]
        if node == top:
            return within
        node = tree.next[node]


@compiled
def pivot(arcs: Arcs, tree: Tree, enter: int) -> bool:
    """Bring arc `enter` in; returns whether the potentials stayed within MOST_POTENTIAL."""
    state = arcs.state[enter]
    first, second = arcs.source[enter], arcs.target[enter]
    if state == UPPER:
        first, second = second, first
    top = top_of_cycle(tree, first, second)
    flow, out, near = blocking_node(arcs, tree, enter, first, second, top)
    if flow > 0:
        send(arcs, tree, enter, flow * state, top)
    if out == NONE:
        arcs.state[enter] = -state
        return True
    return exchange(arcs, tree, enter, out, first if near else second)


@compiled
def optimise(arcs: Arcs, tree: Tree, block: int) -> int:
    """Pivot until no arc can improve the flow; returns the number of pivots, or NONE on overflow."""
    pivots = place = 0
    while True:
        enter, place = entering(arcs, tree.potential, place, block)
        if enter == NONE:
            return pivots
        if not pivot(arcs, tree, enter):
            return NONE
        pivots += 1


@compiled
def limit(arcs: Arcs, tree: Tree, arc: int, room: int) -> bool:
    """Let `arc` carry at most `room`; what is over goes to the slack arcs of its ends.

    Returns whether the potentials stayed within MOST_POTENTIAL.
    """
    within = True
    arcs.room[arc] = min(arcs.room[arc], room)
    over = arcs.flow[arc] - arcs.room[arc]
    if over <= 0:
        return within
    ends = arcs.source[arc], arcs.target[arc]
    arcs.flow[arc] = arcs.room[arc]
    if arcs.state[arc] == BASIC:
        below = ends[0] if tree.arc[ends[0]] == arc else ends[1]
        within = exchange(arcs, tree, below, below, below)  # a node's slack arc has its number
    else:
        arcs.state[arc] = UPPER if arcs.room[arc] > 0 else LOWER
    for node in ends:
        if arcs.state[node] != BASIC:
            within = pivot(arcs, tree, node) and within
        arcs.flow[node] += over
    return within

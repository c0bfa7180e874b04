"""The spanning tree that is a basis of the network simplex, compiled.

Most of the time goes into moving the potentials of what hangs by an arc that leaves. So the tree is kept as a
walk through it, a list in which each part is in one piece (Barr, Glover, Klingman, Enhancements to spanning
tree labelling procedures for network optimization, 1979), and orders that share arcs should have numbers
close to each other: what is read one after the other is then close in memory.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled

MOST_POTENTIAL = 1 << 60
NO_LIMIT = 1 << 62
NONE = -1

SHAPE = np.dtype([("parent", "i4"), ("size", "i4")])
LINK = np.dtype([("flow", "i8"), ("room", "i8"), ("arc", "i4"), ("up", "?")], align=True)


class Tree(NamedTuple):
    """`shape`: each node's parent, and how many nodes it and all below it are.

    `link`: the arc to the parent, whether it runs up to it, its flow and room. `thread` is the next node of a
    walk in which all that is below a node comes right after it, and after the last the root; `back` the node
    before; `last` the last of those below a node, or the node itself.
    """

    shape: NDArray[np.void]
    link: NDArray[np.void]
    potential: NDArray[np.int64]
    thread: NDArray[np.int32]
    back: NDArray[np.int32]
    last: NDArray[np.int32]


@compiled
def bare(nodes: int) -> Tree:
    """Of so many nodes, the root among them, to be planted."""
    shape, link, potential = np.zeros(nodes, SHAPE), np.zeros(nodes, LINK), np.zeros(nodes, np.int64)
    places = np.zeros((3, nodes), np.int32)
    return Tree(shape, link, potential, places[0], places[1], places[2])


@compiled
def plant(tree: Tree, capacity: NDArray[np.int64], lots: int) -> None:
    """Hang every node on the root by its slack arc, which carries all of its capacity."""
    shape, link, root = tree.shape, tree.link, len(capacity)
    for node in range(root + 1):
        shape[node].parent = root if node < root else NONE
        shape[node].size = 1 if node < root else root + 1
        tree.last[node] = node if node < root else max(root - 1, 0)
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
def shift(tree: Tree, top: int, change: int) -> bool:
    """Add `change` to the potentials of `top` and all below it; returns whether they stay in bounds."""
    potential, thread = tree.potential, tree.thread
    node, low, high = top, 0, 0
    for _ in range(tree.shape[top].size):
        own = potential[np.uint32(node)] + change
        potential[np.uint32(node)] = own
        low, high = min(low, own), max(high, own)
        node = thread[np.uint32(node)]
    return low > -MOST_POTENTIAL and high < MOST_POTENTIAL


@compiled
def splice(tree: Tree, out: int, inside: int, outside: int) -> None:
    """Walk what is at and below `out` right after `outside`, from `inside` on; `hang` is yet to be done.

    On the path from `inside` to `out`, what is below a node but not below the one before is walked in two
    parts: what came before that, and what came after.
    """
    shape, thread, back, last = tree.shape, tree.thread, tree.back, tree.last
    end, after, before = last[inside], thread[last[inside]], back[inside]
    below, node = inside, inside
    while below != out:
        node = shape[below].parent
        end_of_front, before = before, back[node]
        follow(tree, end, node)
        end = end_of_front
        if last[node] != last[below]:
            follow(tree, end, after)
            end = last[node]
            after = thread[end]
        below = node
    follow(tree, before, after)
    above = shape[out].parent
    while above != NONE and last[above] == last[out]:
        last[above] = before
        above = shape[above].parent
    later = thread[outside]
    follow(tree, outside, inside)
    follow(tree, end, later)
    above = outside
    while above != NONE and last[above] == outside:
        last[above] = end
        above = shape[above].parent
    node = inside
    while node != out:
        last[node] = end
        node = shape[node].parent
    last[out] = end


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

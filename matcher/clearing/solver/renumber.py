"""Nodes of a tree numbered in the order in which a walk meets them: neighbours are close in memory."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.simplex import Arcs
from matcher.clearing.solver.spanning import NONE, Tree

Places = NDArray[np.int32]


@compiled
def by_walk(tree: Tree) -> Places:
    """A new number for each node, those below a node right after it; the root, the last, keeps its own."""
    root = len(tree.shape) - 1
    number = np.empty(root + 1, np.int32)
    number[root], node = root, tree.thread[root]
    for place in range(root):
        number[node] = place
        node = tree.thread[node]
    return number


@compiled
def renumbered(arcs: Arcs, tree: Tree, number: Places) -> tuple[Arcs, Tree]:
    """The same with node k, and its slack arc, called number[k]; other arcs keep their places."""
    root = len(tree.shape) - 1
    shape, link, potential = (
        np.empty_like(tree.shape),
        np.empty_like(tree.link),
        np.empty_like(tree.potential),
    )
    thread, back, last = np.empty_like(tree.thread), np.empty_like(tree.back), np.empty_like(tree.last)
    for node in range(root + 1):
        new, old_shape, old_link = number[node], tree.shape[node], tree.link[node]
        shape[new].parent = number[old_shape.parent] if old_shape.parent != NONE else NONE
        shape[new].size = old_shape.size
        link[new].arc = number[old_link.arc] if old_link.arc < root else old_link.arc
        link[new].flow, link[new].room, link[new].up = old_link.flow, old_link.room, old_link.up
        potential[new] = tree.potential[node]
        thread[new], back[new] = number[tree.thread[node]], number[tree.back[node]]
        last[new] = number[tree.last[node]]
    source, target = np.empty_like(arcs.source), np.empty_like(arcs.target)
    state, room = arcs.state.copy(), arcs.room.copy()
    for arc in range(len(source)):
        place = number[arc] if arc < root else arc
        source[place], target[place] = number[arcs.source[arc]], number[arcs.target[arc]]
        state[place], room[place] = arcs.state[arc], arcs.room[arc]
    return Arcs(source, target, arcs.gain, room, state), Tree(shape, link, potential, thread, back, last)

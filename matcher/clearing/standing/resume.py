"""The network simplex resumed where a solved problem was changed, compiled.

An arc can only have come to gain where the price of one of its ends fell, and by half of what the arc lacked
at the least, or else that of its other end did. So each node has an alarm, the lowest price at which its arcs
need not be looked at, and only nodes whose price falls below theirs are. Nodes, arcs and tree are those of
`simplex`; no arc has a limit, so only tree arcs carry anything.

An order that comes, or that loses a partner, is held: its slack arc is given a gain, the order's price, as if
what it has left over were worth that much elsewhere. So no other price moves at first; `falling` then lowers
that gain.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.simplex import BASIC, Arcs, blocking, graft
from matcher.clearing.solver.spanning import NO_LIMIT, NONE, Tree, send
from matcher.clearing.standing.lists import Lists

NO_GAIN = -(1 << 57)  # of an arc that is no more


class Agenda(NamedTuple):
    """What is known of a network besides its arcs and its tree. `lots` is how many nodes are lots.

    `alarm` int64 is each node's; `held` are nodes, counts[HELD] of them; `log` are arcs whose flow may have
    changed, counts[LOGGED] of them; since then has been looked at the arcs of those `looked` at, and
    counts[WORK] is the work done. `since` and `passed` are for `falling`.
    """

    looked: NDArray[np.bool_]
    alarm: NDArray[np.int64]
    held: NDArray[np.int32]
    log: NDArray[np.int32]
    counts: NDArray[np.int64]
    since: NDArray[np.int64]
    passed: NDArray[np.bool_]
    lots: int


LOGGED, HELD, WORK = 0, 1, 2


@compiled
def price_of(tree: Tree, node: int, lots: int) -> int:
    return int(tree.potential[node]) if node < lots else -int(tree.potential[node])


@compiled
def set_alarms(arcs: Arcs, tree: Tree, agenda: Agenda, begin: int, end: int) -> None:
    """For the arcs from `begin` to `end`, none of which gains."""
    for arc in range(begin, end):
        if arcs.state[arc] != BASIC:
            source, target = arcs.source[arc], arcs.target[arc]
            lacks = tree.potential[source] - tree.potential[target] - arcs.gain[arc]
            for node in (source, target):
                least = price_of(tree, node, agenda.lots) - (lacks >> 1)
                agenda.alarm[node] = max(agenda.alarm[node], least)


@compiled
def note(agenda: Agenda, arc: int) -> None:
    if agenda.counts[LOGGED] < len(agenda.log):
        agenda.log[agenda.counts[LOGGED]] = arc
    agenda.counts[LOGGED] += 1


@compiled
def swing(
    arcs: Arcs, tree: Tree, agenda: Agenda, enter: int, flow: int, out: int, inside: int, top: int
) -> int:
    """As `simplex.graft` where no potential changes, and notes the two arcs; returns the one that left."""
    leaving = int(tree.link[out].arc)
    note(agenda, leaving)
    note(agenda, enter)
    graft(arcs, tree, enter, flow, out, inside, top, 0)
    return leaving


@compiled
def turn(arcs: Arcs, tree: Tree, agenda: Agenda, enter: int) -> tuple[int, int]:
    """Has an arc that carries nothing and just does not gain enter the tree, so that no potential changes.

    Notes which arcs carry another flow by it. Returns (its end that hangs on the other now, what arc left).
    """
    first, second = arcs.source[enter], arcs.target[enter]
    flow, out, near, top = blocking(tree, first, second, NO_LIMIT)
    if flow > 0:
        for end in (first, second):
            node = end
            while node != top:
                note(agenda, tree.link[node].arc)
                node = tree.shape[node].parent
        send(tree, first, top, flow)
        send(tree, second, top, -flow)
    inside = first if near else second
    return inside, swing(arcs, tree, agenda, enter, flow, out, inside, top)


@compiled
def hold(arcs: Arcs, tree: Tree, agenda: Agenda, node: int) -> None:
    """Gives the slack arc of a node, if it is not in the tree, the node's price for a gain."""
    if arcs.state[node] != BASIC:
        if arcs.gain[node] == 0:
            agenda.held[agenda.counts[HELD]] = node
            agenda.counts[HELD] += 1
        arcs.gain[node] = price_of(tree, node, agenda.lots)


@compiled
def hold_new(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, node: int) -> None:
    """Gives a node that hangs alone on the root the least price that its arcs allow, and holds it there."""
    price = 0
    arc = lists.first[node]
    while arc != NONE:
        other = arcs.target[arc] if node < agenda.lots else arcs.source[arc]
        price = max(price, arcs.gain[arc] - price_of(tree, other, agenda.lots))
        arc = lists.of_source[arc] if node < agenda.lots else lists.of_target[arc]
    tree.potential[node] = price if node < agenda.lots else -price
    arcs.gain[node] = price
    agenda.held[agenda.counts[HELD]] = node
    agenda.counts[HELD] += 1


@compiled
def release(arcs: Arcs, tree: Tree, agenda: Agenda, arc: int) -> None:
    """Takes back what a tree arc carries: both its ends have it left over, and it leaves the tree."""
    source, target = arcs.source[arc], arcs.target[arc]
    below, other = (source, target) if tree.link[source].arc == arc else (target, source)
    hold(arcs, tree, agenda, below)
    flow = tree.link[below].flow
    tree.link[below].flow = 0
    swing(arcs, tree, agenda, below, 0, below, below, len(tree.shape) - 1)
    tree.link[below].flow += flow
    if arcs.state[other] != BASIC:
        hold(arcs, tree, agenda, other)
        _, leaving = turn(arcs, tree, agenda, other)
        set_alarms(arcs, tree, agenda, leaving, leaving + 1)
    tree.link[other].flow += flow


@compiled
def remove(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, node: int) -> None:
    """Takes a node's arcs out, and leaves it with nothing."""
    arc = lists.first[node]
    while arc != NONE:
        if arcs.state[arc] == BASIC:
            release(arcs, tree, agenda, arc)
        arc = lists.of_source[arc] if node < agenda.lots else lists.of_target[arc]
    arc = lists.first[node]
    while arc != NONE:
        arcs.gain[arc] = NO_GAIN
        arc = lists.of_source[arc] if node < agenda.lots else lists.of_target[arc]
    # Nothing is left but the slack arc, so it hangs alone on the root.
    tree.link[node].flow = tree.potential[node] = arcs.gain[node] = 0


@compiled
def carry_over(
    arcs: Arcs, tree: Tree, some: NDArray[np.int32], flow: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Makes `flow`, by arc, what each of these arcs carries; slack arcs have none and come before.

    Returns those that carry another, each once, and how much more.
    """
    slack = len(arcs.gain) - len(flow)
    changed, more = np.empty(len(some), np.int64), np.empty(len(some), np.int64)
    size = 0
    for arc in some:
        if arc < slack:
            continue
        carries = 0
        if arcs.state[arc] == BASIC:
            source = arcs.source[arc]
            carries = tree.link[source if tree.link[source].arc == arc else arcs.target[arc]].flow
        if carries != flow[arc - slack]:
            changed[size], more[size] = arc - slack, carries - flow[arc - slack]
            flow[arc - slack] = carries
            size += 1
    return changed[:size], more[:size]


@compiled
def unproven(
    arcs: Arcs, tree: Tree, lists: Lists, whole: NDArray[np.int64], nodes: NDArray[np.int64], lots: int
) -> int:
    """The first of the nodes whose arcs and left-over do not prove it best, or are not its whole; or NONE."""
    for node in nodes:
        price = tree.potential[node] if node < lots else -tree.potential[node]
        slack = arcs.state[node] == BASIC
        left = tree.link[node].flow if slack else 0
        taken = 0
        if price < arcs.gain[node] or left < 0 or (slack and price != arcs.gain[node]):
            return int(node)
        arc = lists.first[node]
        while arc != NONE:
            source, target = arcs.source[arc], arcs.target[arc]
            reduced = tree.potential[source] - tree.potential[target] - arcs.gain[arc]
            if reduced < 0:
                return int(node)
            if arcs.state[arc] == BASIC:
                flow = tree.link[source if tree.link[source].arc == arc else target].flow
                if flow < 0 or reduced != 0:
                    return int(node)
                taken += flow
            arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
        if taken + left != whole[node]:
            return int(node)
    return NONE

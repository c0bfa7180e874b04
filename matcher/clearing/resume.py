"""The network simplex resumed where a solved problem was changed, compiled.

An arc can only have come to gain where the price of one of its ends fell, and by half of what the arc lacked
at the least, or else that of its other end did. So each node has an alarm, the lowest price at which its arcs
need not be looked at, and only nodes whose price falls below theirs are. Nodes, arcs and tree are those of
`simplex`; no arc has a limit, so only tree arcs carry anything.

An order that comes, or that loses a partner, is held: its slack arc is given a gain, the order's price, as if
what it has left over were worth that much elsewhere. So no other price moves at first. Then the gain is
lowered by steps that double, and the prices around follow it down only as far as they have to.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.lists import Lists
from matcher.clearing.simplex import BASIC, NO_LIMIT, NONE, Arcs, Tree, blocking, exchange, send, shift

NO_GAIN = -(1 << 57)  # of an arc that is no more


class Agenda(NamedTuple):
    """`waiting` nodes, whose arcs are to be looked at, each once: `queued` says which.

    `moved` are nodes whose potential moved since the log began, `log` arcs whose flow may have; `counts`: the
    queue's head and length, the log's length, how many nodes are held. `looked` says at which nodes has been
    looked since the log began, `alarm` int64 is each node's. `lots` is how many nodes are lots.
    """

    waiting: NDArray[np.int32]
    queued: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    looked: NDArray[np.bool_]
    alarm: NDArray[np.int64]
    held: NDArray[np.int32]
    log: NDArray[np.int32]
    counts: NDArray[np.int64]
    lots: int


HEAD, LENGTH, LOGGED, HELD = 0, 1, 2, 3
STEPS = 256  # the first step down is this part of a held order's gain


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
def look_at(agenda: Agenda, node: int) -> None:
    if not agenda.queued[node]:
        agenda.queued[node] = True
        place = (agenda.counts[HEAD] + agenda.counts[LENGTH]) % len(agenda.waiting)
        agenda.waiting[place] = node
        agenda.counts[LENGTH] += 1


@compiled
def look_below(tree: Tree, agenda: Agenda, top: int) -> None:
    """The potentials from `top` down have moved."""
    height = 1
    tree.stack[0] = top
    while height > 0:
        height -= 1
        node = tree.stack[height]
        agenda.moved[node] = True
        price = tree.potential[node] if node < agenda.lots else -tree.potential[node]
        if price < agenda.alarm[node]:
            look_at(agenda, node)
        child = tree.shape[node].child
        while child != NONE:
            tree.stack[height] = child
            height += 1
            child = tree.shape[child].next


@compiled
def note(agenda: Agenda, arc: int) -> None:
    if agenda.counts[LOGGED] < len(agenda.log):
        agenda.log[agenda.counts[LOGGED]] = arc
    agenda.counts[LOGGED] += 1


@compiled
def replace(
    arcs: Arcs, tree: Tree, agenda: Agenda, enter: int, flow: int, out: int, inside: int, top: int
) -> bool:
    """As `simplex.exchange`, and notes what moves by it."""
    before, leaving = tree.potential[inside], tree.link[out].arc
    note(agenda, leaving)
    note(agenda, enter)
    within = exchange(arcs, tree, enter, flow, out, inside, top)
    if leaving >= len(tree.shape) - 1:
        set_alarms(arcs, tree, agenda, leaving, leaving + 1)
    if tree.potential[inside] != before:
        look_below(tree, agenda, inside)
    return within


@compiled
def bring_in(arcs: Arcs, tree: Tree, agenda: Agenda, enter: int) -> bool:
    """As `simplex.pivot` for an arc that carries nothing, and notes what changes by it."""
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
    return replace(arcs, tree, agenda, enter, flow, out, first if near else second, top)


@compiled
def hold(arcs: Arcs, tree: Tree, agenda: Agenda, node: int) -> None:
    """Gives the slack arc of a node, if it is not in the tree, the node's price for a gain."""
    if arcs.state[node] != BASIC:
        arcs.gain[node] = price_of(tree, node, agenda.lots)
        agenda.held[agenda.counts[HELD]] = node
        agenda.counts[HELD] += 1


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
    agenda.moved[node] = True
    agenda.held[agenda.counts[HELD]] = node
    agenda.counts[HELD] += 1


@compiled
def lower(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, effort: int) -> int:
    """Lets every held node go, step by step; returns the effort left, or NONE if it ran out."""
    for place in range(agenda.counts[HELD]):
        node = agenda.held[place]
        step = max(arcs.gain[node] // STEPS, 1)
        while arcs.gain[node] > 0:
            if arcs.state[node] != BASIC:
                arcs.gain[node] = 0
                break
            down = min(step, arcs.gain[node])
            arcs.gain[node] -= down
            if not shift(tree, node, -down if node < agenda.lots else down):
                return NONE
            look_below(tree, agenda, node)
            effort = settle(arcs, tree, lists, agenda, effort)
            if effort == NONE:
                return NONE
            step *= 2
    agenda.counts[HELD] = 0
    return settle(arcs, tree, lists, agenda, effort)


@compiled
def best_arc(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, node: int) -> tuple[int, int]:
    """(the arc of the node, its slack arc among them, that gains most, or NONE; how many were looked at).

    Sets the alarms of the node and of those that it has arcs with.
    """
    potential, lots = tree.potential, agenda.lots
    agenda.looked[node] = True
    own = price_of(tree, node, lots)
    best, found, looked, alarm = 0, NONE, 1, 0
    if arcs.state[node] != BASIC and own < arcs.gain[node]:
        best, found = own - arcs.gain[node], node
    arc = lists.first[node]
    while arc != NONE:
        looked += 1
        if arcs.state[arc] != BASIC and arcs.gain[arc] > 0:
            source, target = arcs.source[arc], arcs.target[arc]
            lacks = potential[source] - potential[target] - arcs.gain[arc]
            if lacks < best:
                best, found = lacks, arc
            other = target if node < lots else source
            alarm = max(alarm, own - (lacks >> 1))
            agenda.alarm[other] = max(agenda.alarm[other], price_of(tree, other, lots) - (lacks >> 1))
        arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
    agenda.alarm[node] = alarm
    return found, looked


@compiled
def settle(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, effort: int) -> int:
    """Pivots until no arc of a waiting node could gain; returns the effort left, or NONE if it ran out.

    `effort` is counted in arcs looked at.
    """
    while agenda.counts[LENGTH] > 0:
        node = agenda.waiting[agenda.counts[HEAD]]
        agenda.counts[HEAD] = (agenda.counts[HEAD] + 1) % len(agenda.waiting)
        agenda.counts[LENGTH] -= 1
        agenda.queued[node] = False
        found, looked = best_arc(arcs, tree, lists, agenda, node)
        effort -= looked
        if found != NONE:
            if not bring_in(arcs, tree, agenda, found):
                return NONE
            look_at(agenda, node)
        if effort < 0 or agenda.counts[LOGGED] > len(agenda.log):
            return NONE
    return effort


@compiled
def release(arcs: Arcs, tree: Tree, agenda: Agenda, arc: int) -> bool:
    """Takes back what a tree arc carries: both its ends have it left over, and it leaves the tree."""
    source, target = arcs.source[arc], arcs.target[arc]
    below, other = (source, target) if tree.link[source].arc == arc else (target, source)
    hold(arcs, tree, agenda, below)
    flow = tree.link[below].flow
    tree.link[below].flow = 0
    root = len(tree.shape) - 1
    within = replace(arcs, tree, agenda, below, 0, below, below, root)
    tree.link[below].flow += flow
    if arcs.state[other] != BASIC:
        hold(arcs, tree, agenda, other)
        within = bring_in(arcs, tree, agenda, other) and within
    tree.link[other].flow += flow
    return within


@compiled
def remove(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, node: int) -> bool:
    """Takes a node's arcs out, and leaves it with nothing."""
    within = True
    arc = lists.first[node]
    while arc != NONE:
        if arcs.state[arc] == BASIC:
            within = release(arcs, tree, agenda, arc) and within
        arc = lists.of_source[arc] if node < agenda.lots else lists.of_target[arc]
    arc = lists.first[node]
    while arc != NONE:
        arcs.gain[arc] = NO_GAIN
        arc = lists.of_source[arc] if node < agenda.lots else lists.of_target[arc]
    # Nothing is left but the slack arc, so it hangs alone on the root.
    tree.link[node].flow = tree.potential[node] = arcs.gain[node] = 0
    return within


@compiled
def carried(arcs: Arcs, tree: Tree, some: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each of these arcs carries."""
    flow = np.zeros(len(some), np.int64)
    for index in range(len(some)):
        arc = some[index]
        if arcs.state[arc] == BASIC:
            source = arcs.source[arc]
            below = source if tree.link[source].arc == arc else arcs.target[arc]
            flow[index] = tree.link[below].flow
    return flow


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
        if price < 0 or left < 0 or (slack and price != 0):
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

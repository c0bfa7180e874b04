"""The network simplex resumed where a solved problem was changed, compiled.

An arc can only have come to gain where the price of one of its ends fell, and by half of what the arc lacked
at the least, or else that of its other end did. So each node has an alarm, the lowest price at which its arcs
need not be looked at, and only nodes whose price falls below theirs are. Nodes, arcs and tree are those of
`simplex`; no arc has a limit, so only tree arcs carry anything.

An order that comes, or that loses a partner, is held: its slack arc is given a gain, the order's price, as if
what it has left over were worth that much elsewhere. So no other price moves at first. Then the gain is
lowered by steps, small where they have the prices around follow far and larger where they do not. After each
step the flow is the best there is for these gains; so the work can be put off between any two, and the prices
still prove how much could be missing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.lists import Lists
from matcher.clearing.simplex import BASIC, MOST_POTENTIAL, NO_LIMIT, NONE, Arcs, Tree, blocking, graft, send

NO_GAIN = -(1 << 57)  # of an arc that is no more


class Agenda(NamedTuple):
    """`waiting` nodes, whose arcs are to be looked at, each once: `queued` says which.

    `log` are arcs whose flow may have changed, `counts`: the queue's head and length, the log's length, how
    many nodes are held, the work done. `looked` says at which nodes has been looked since the log began,
    `alarm` int64 is each node's. `lots` is how many nodes are lots.
    """

    waiting: NDArray[np.int32]
    queued: NDArray[np.bool_]
    looked: NDArray[np.bool_]
    alarm: NDArray[np.int64]
    held: NDArray[np.int32]
    log: NDArray[np.int32]
    counts: NDArray[np.int64]
    lots: int


HEAD, LENGTH, LOGGED, HELD, WORK = 0, 1, 2, 3, 4
STEPS = 1 << 16  # the first step down is this part of a held order's gain
FAIR, MUCH = 100_000, 1_000_000  # the work of one step beyond which the next is no larger, and smaller


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
def move(tree: Tree, agenda: Agenda, top: int, change: int) -> bool:
    """As `simplex.shift`, and has those looked at whose price falls below their alarm by it."""
    shape, potential, stack, lots = tree.shape, tree.potential, tree.stack, agenda.lots
    agenda.counts[WORK] += shape[top].size
    within = True
    height = 1
    stack[0] = top
    while height > 0:
        height -= 1
        node = np.uint32(stack[height])
        while True:
            potential[node] += change
            price = potential[node] if node < lots else -potential[node]
            within = within and -MOST_POTENTIAL < price < MOST_POTENTIAL
            if price < agenda.alarm[node]:
                look_at(agenda, node)  # type: ignore[arg-type]
            child = shape[node].child
            after = shape[node].next
            if child != NONE:
                if after != NONE and node != top:
                    stack[height] = after
                    height += 1
                node = np.uint32(child)
            elif after != NONE and node != top:
                node = np.uint32(after)
            else:
                break
    return within


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
    leaving = tree.link[out].arc
    note(agenda, leaving)
    note(agenda, enter)
    change = graft(arcs, tree, enter, flow, out, inside, top)
    within = change == 0 or move(tree, agenda, inside, change)
    if leaving >= len(tree.shape) - 1:
        set_alarms(arcs, tree, agenda, leaving, leaving + 1)
    else:
        agenda.alarm[leaving] = max(agenda.alarm[leaving], arcs.gain[leaving])
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
def lower(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, effort: int, most: int) -> bool:
    """Lets held nodes go, step by step, the last held first, until the work comes to `effort`.

    Then some are held still. Returns whether the work stayed within `most`.
    """
    for place in range(agenda.counts[HELD] - 1, -1, -1):
        node = agenda.held[place]
        least = step = max(arcs.gain[node] // STEPS, 1)
        while arcs.gain[node] > 0 and agenda.counts[WORK] < effort:
            if arcs.state[node] != BASIC:
                arcs.gain[node] = 0
                break
            down = min(step, arcs.gain[node])
            arcs.gain[node] -= down
            if not move(tree, agenda, node, -down if node < agenda.lots else down):
                return False
            before = agenda.counts[WORK]
            if not settle(arcs, tree, lists, agenda, most):
                return False
            spent = agenda.counts[WORK] - before
            step = 2 * step if spent < FAIR else step if spent < MUCH else max(step // 2, least)
    still = 0
    for node in agenda.held[: agenda.counts[HELD]]:
        if arcs.gain[node] > 0:
            agenda.held[still] = node
            still += 1
    agenda.counts[HELD] = still
    return settle(arcs, tree, lists, agenda, most)


@compiled
def best_arc(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, node: int) -> tuple[int, int]:
    """(the arc of the node, its slack arc among them, that gains most, or NONE; how many were looked at).

    Sets the alarms of the node and of those that it has arcs with.
    """
    potential, lots = tree.potential, agenda.lots
    agenda.looked[node] = True
    own = price_of(tree, node, lots)
    best, found, looked, alarm = 0, NONE, 1, 0
    if arcs.state[node] != BASIC:
        alarm = arcs.gain[node]
        if own < alarm:
            best, found = own - alarm, node
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
def settle(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, most: int) -> bool:
    """Pivots until no arc of a waiting node could gain; returns whether the work stayed within `most`."""
    while agenda.counts[LENGTH] > 0:
        node = agenda.waiting[agenda.counts[HEAD]]
        agenda.counts[HEAD] = (agenda.counts[HEAD] + 1) % len(agenda.waiting)
        agenda.counts[LENGTH] -= 1
        agenda.queued[node] = False
        found, looked = best_arc(arcs, tree, lists, agenda, node)
        agenda.counts[WORK] += looked
        if found != NONE:
            if not bring_in(arcs, tree, agenda, found):
                return False
            look_at(agenda, node)
        if agenda.counts[WORK] > most or agenda.counts[LOGGED] > len(agenda.log):
            return False
    return True


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

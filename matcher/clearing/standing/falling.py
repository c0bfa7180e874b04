"""A changed network made best again, compiled: gains move to what they are, and the flow follows them.

An arc that comes to gain is first given only so much gain that it just does not, and an order that has
something left over is held at its price: nothing gains then. One after the other these gains are moved to
what they are. With the gain of a tree arc move the prices of all that hangs by it, and of nothing else: down
for the orders of one side, up for those of the other. So of each node that hangs there only how far the gain
had come when it began to is kept, and its potential is set when it no longer does. An arc can only come to
gain if it leads from a falling price there to a node elsewhere, or is the slack arc of a falling price; a
heap tells which does next, and the gain goes from one to the next, as in the parametric simplex. So a pivot
costs what it moves, however far prices fall.

At every moment the flow is the best there is for the gains as they are. So orders can be held still at any,
to be let go later, and the prices prove how much could be missing.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.solver.simplex import BASIC, Arcs
from matcher.clearing.solver.spanning import MOST_POTENTIAL, NO_LIMIT, NONE, Tree
from matcher.clearing.standing.lists import Lists
from matcher.clearing.standing.resume import HELD, LOGGED, WORK, Agenda, price_of, turn

Heap = list[tuple[int, int]]  # (how far the gain has to come before an arc of a node may gain, the node)


class Fall(NamedTuple):
    """`lots` says whether prices of lots fall and those of demands rise, or the other way round.

    The agenda's `since` is how far the gain had come when a node began to hang by the arc, or NONE; `passed`
    are rising nodes there of which an arc was passed over: while both its ends hang there it can not gain.
    """

    arcs: Arcs
    tree: Tree
    lists: Lists
    agenda: Agenda
    lots: bool


@compiled
def settle(
    arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, begin: int, end: int, effort: int, most: int
) -> bool:
    """Until no arc gains, those from `begin` to `end` being new; when the work comes to `effort`, held nodes
    are held still. Returns whether it stayed within `most`.
    """
    gains = arcs.gain[begin:end].copy()
    withhold(Fall(arcs, tree, lists, agenda, True), begin, end)
    within = True
    for arc in range(begin, end):
        while within and arcs.gain[arc] < gains[arc - begin]:
            within = give(arcs, tree, lists, agenda, arc, gains[arc - begin], most)
    # The last held first.
    for place in range(agenda.counts[HELD] - 1, -1, -1):
        node = agenda.held[place]
        if arcs.state[node] != BASIC:
            arcs.gain[node] = 0
        elif within and arcs.gain[node] > 0 and agenda.counts[WORK] < effort:
            fall = Fall(arcs, tree, lists, agenda, node < agenda.lots)
            come, within = move(fall, node, node, arcs.gain[node], min(effort, most))
            arcs.gain[node] = arcs.gain[node] - come if arcs.state[node] == BASIC else 0
    keep_held(arcs, agenda)
    return within and agenda.counts[WORK] <= most and agenda.counts[LOGGED] <= len(agenda.log)


@compiled
def withhold(fall: Fall, begin: int, end: int) -> None:
    """Gives the arcs that gain only so much that they just do not."""
    for arc in range(begin, end):
        fall.arcs.gain[arc] += min(lacking(fall, arc, 0), 0)
        mind(fall, arc, 0)


@compiled
def give(arcs: Arcs, tree: Tree, lists: Lists, agenda: Agenda, arc: int, gain: int, most: int) -> bool:
    """Moves the gain of an arc up to `gain`, or until it leaves the tree; whether that stayed in bounds."""
    fall = Fall(arcs, tree, lists, agenda, True)
    lacks = lacking(fall, arc, 0) + arcs.gain[arc] - gain
    if lacks >= 0:
        arcs.gain[arc] = gain
        mind(fall, arc, 0)
        return True
    if arcs.state[arc] == BASIC:
        top = arcs.source[arc] if tree.link[arcs.source[arc]].arc == arc else arcs.target[arc]
    else:
        arcs.gain[arc] = gain + lacks
        top, leaving = turn(arcs, tree, agenda, arc)
        mind(fall, leaving, 0)
    # What hangs by a lot goes up with its potential, so that prices of demands fall.
    fall = Fall(arcs, tree, lists, agenda, top >= agenda.lots)
    come, within = move(fall, arc, top, -lacks, most)
    arcs.gain[arc] += come
    return within and agenda.counts[WORK] <= most


@compiled
def keep_held(arcs: Arcs, agenda: Agenda) -> None:
    """Forgets nodes that are held no more."""
    still = 0
    for node in agenda.held[: agenda.counts[HELD]]:
        if arcs.gain[node] > 0:
            agenda.held[still] = node
            still += 1
    agenda.counts[HELD] = still


@compiled
def move(fall: Fall, by: int, top: int, end: int, effort: int) -> tuple[int, bool]:
    """The gain of tree arc `by`, by which `top` hangs, moves by `end` until the work comes to `effort`.

    It ends too where `top` hangs by it no longer, as it left the tree, or as its other end does now.
    Returns (how far it came, whether the potentials stayed in bounds).
    """
    link, counts = fall.tree.link, fall.agenda.counts
    come, within = 0, True
    heap = [(0, top)]
    heap.clear()  # its type is known now
    hang(fall, heap, top, 0, end)
    while within and link[top].arc == by and counts[WORK] < effort:
        if len(heap) == 0 or heap[0][0] >= end:
            come = end
            break
        come, node = heappop(heap)
        if fall.agenda.since[node] == NONE:
            continue
        lacks, enter = next_arc(fall, node, come)
        if enter != NONE and lacks > 0:
            heappush(heap, (come + lacks, node))
        elif enter != NONE:
            within = step(fall, heap, node, enter, come, end)
    if link[top].arc == by:
        within = within and land(fall, heap, below(fall.tree, top), come)
    return come, within


@compiled
def step(fall: Fall, heap: Heap, node: int, enter: int, come: int, end: int) -> bool:
    """The pivot by an arc of `node` that just comes to gain."""
    inside, leaving = turn(fall.arcs, fall.tree, fall.agenda, enter)
    mind(fall, leaving, come)
    heappush(heap, (come, node))
    if inside != node:
        hang(fall, heap, inside, come, end)
        return True
    return land(fall, heap, below(fall.tree, inside), come)


@compiled
def hang(fall: Fall, heap: Heap, top: int, come: int, end: int) -> None:
    """All below `top` has come to hang there."""
    nodes, lots, alarm = below(fall.tree, top), fall.agenda.lots, fall.agenda.alarm
    fall.agenda.counts[WORK] += len(nodes)
    for node in nodes:
        fall.agenda.since[node] = come
        if (node < lots) == fall.lots:
            due = come + max(price_of(fall.tree, node, lots) - alarm[node], 0)
            if due < end:
                heappush(heap, (due, node))


@compiled
def land(fall: Fall, heap: Heap, nodes: NDArray[np.int32], come: int) -> bool:
    """Sets the potentials of nodes that hang there no longer; returns whether they are in bounds."""
    within, lots = True, fall.agenda.lots
    fall.agenda.counts[WORK] += len(nodes)
    for node in nodes:
        own = potential(fall, node, come)
        fall.tree.potential[node] = own
        fall.agenda.since[node] = NONE
        within = within and -MOST_POTENTIAL < own < MOST_POTENTIAL
    for node in nodes:
        if fall.agenda.passed[node]:
            fall.agenda.passed[node] = False
            expect(fall, heap, node, come)
        if (node < lots) == fall.lots and price(fall, node, come) < fall.agenda.alarm[node]:
            next_arc(fall, node, come)
    return within


@compiled
def expect(fall: Fall, heap: Heap, node: int, come: int) -> None:
    """Arcs of a node that rose and hangs there no longer may come to gain."""
    arcs, lists, lots = fall.arcs, fall.lists, fall.agenda.lots
    arc = lists.first[node]
    while arc != NONE:
        fall.agenda.counts[WORK] += 1
        if arcs.state[arc] != BASIC and arcs.gain[arc] > 0:
            mind(fall, arc, come)
            other = arcs.target[arc] if node < lots else arcs.source[arc]
            if fall.agenda.since[other] != NONE:
                heappush(heap, (come + lacking(fall, arc, come), other))
        arc = lists.of_source[arc] if node < lots else lists.of_target[arc]


@compiled
def next_arc(fall: Fall, node: int, come: int) -> tuple[int, int]:
    """(how much farther the gain must come, the arc of a falling node that gains first then, or NONE).

    Sets the alarm of the node anew, and those of the other ends.
    """
    arcs, lists, lots, alarms = fall.arcs, fall.lists, fall.agenda.lots, fall.agenda.alarm
    own, least, found, alarm = price(fall, node, come), NO_LIMIT, NONE, 0
    if arcs.state[node] != BASIC:
        least, found, alarm = own - arcs.gain[node], node, arcs.gain[node]
    arc = lists.first[node]
    while arc != NONE:
        fall.agenda.counts[WORK] += 1
        if arcs.state[arc] != BASIC and arcs.gain[arc] > 0:
            other = arcs.target[arc] if node < lots else arcs.source[arc]
            if fall.agenda.since[other] != NONE:
                fall.agenda.passed[other] = True
            else:
                lacks = lacking(fall, arc, come)
                alarm = max(alarm, own - (lacks >> 1))
                alarms[other] = max(alarms[other], price(fall, other, come) - (lacks >> 1))
                if lacks < least:
                    least, found = lacks, arc
        arc = lists.of_source[arc] if node < lots else lists.of_target[arc]
    alarms[node] = alarm
    fall.agenda.looked[node] = True
    return least, found


@compiled
def mind(fall: Fall, arc: int, come: int) -> None:
    """Sets the alarms of the ends of an arc that is not in the tree."""
    lacks = lacking(fall, arc, come)
    for node in (fall.arcs.source[arc], fall.arcs.target[arc]):
        least = price(fall, node, come) - (lacks >> 1)
        fall.agenda.alarm[node] = max(fall.agenda.alarm[node], least)


@compiled
def lacking(fall: Fall, arc: int, come: int) -> int:
    """By how much the arc does not gain."""
    source, target = fall.arcs.source[arc], fall.arcs.target[arc]
    return potential(fall, source, come) - potential(fall, target, come) - int(fall.arcs.gain[arc])


@compiled
def price(fall: Fall, node: int, come: int) -> int:
    own = potential(fall, node, come)
    return own if node < fall.agenda.lots else -own


@compiled
def potential(fall: Fall, node: int, come: int) -> int:
    moved = 0 if fall.agenda.since[node] == NONE else come - fall.agenda.since[node]
    return int(fall.tree.potential[node]) + (-moved if fall.lots else moved)


@compiled
def below(tree: Tree, top: int) -> NDArray[np.int32]:
    """`top` and all that hangs on it."""
    nodes = np.empty(tree.shape[top].size, np.int32)
    node = top
    for place in range(len(nodes)):
        nodes[place] = node
        node = tree.thread[node]
    return nodes

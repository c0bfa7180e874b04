"""The arcs of a standing book: a solved network with room for more, made best again after a change."""

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.solver.network import Network
from matcher.clearing.solver.renumber import by_walk
from matcher.clearing.solver.simplex import BASIC, LOWER, Arcs
from matcher.clearing.solver.spanning import NO_LIMIT, NONE, Tree, bare
from matcher.clearing.standing import falling, lists, resume
from matcher.clearing.standing.growing import grown
from matcher.clearing.standing.lists import Lists
from matcher.clearing.standing.resume import Agenda

Longs = NDArray[np.int64]
Places = NDArray[np.integer]
LOGGED = 1 << 20  # arcs that one change may touch, each as often as it does
MOST = 400_000_000  # prices moved and arcs looked at for one change, some seconds' work at most


class TooMuch(Exception):
    """What a standing book cannot hold or do in bounded time; the whole book is to be cleared."""


class Ways:
    """Arcs are numbered from 0; `lot` and `demand` are their ends, by place, `value` is in đ/kg.

    An arc that is no more has a gain below zero. `flow` is what each carries, as of the last `touched`.
    """

    def __init__(
        self, network: Network, whole: tuple[Longs, Longs], value: Longs, kept: NDArray[np.bool_], room: int
    ) -> None:
        """Of the network's arcs, worth `value`, those `kept` go along; all of its tree's are among them."""
        lots, demands = (len(side) for side in whole)
        arcs, tree = network.basis
        size = 2 * len(value) + 64 * room
        value = value[kept]
        count, nodes = len(value), lots + demands + 2 * room
        self._lots, self._nodes = lots + room, nodes
        self.count = self._settled = count
        place = np.concatenate([np.arange(lots), np.arange(demands) + lots + room, [nodes]]).astype(np.int32)
        self._whole = np.zeros(nodes, np.int64)
        self._whole[place[:-1]] = np.concatenate(whole)
        self._arcs = _moved_arcs(arcs, place, kept, self._lots, nodes, size)
        self._tree = _moved_tree(tree, place, kept, self._lots, nodes)
        self._lists = Lists(np.full(nodes, NONE, np.int32), *np.full((2, nodes + size), NONE, np.int32))
        lists.link(self._arcs, self._lists, nodes, nodes + count)
        self._agenda = Agenda(
            looked=np.zeros(nodes + 1, np.bool_),
            alarm=np.zeros(nodes + 1, np.int64),
            held=np.zeros(nodes + 1, np.int32),
            log=np.zeros(LOGGED, np.int32),
            counts=np.zeros(3, np.int64),
            since=np.full(nodes + 1, NONE, np.int64),
            passed=np.zeros(nodes + 1, np.bool_),
            lots=self._lots,
        )
        resume.set_alarms(self._arcs, self._tree, self._agenda, nodes, nodes + count)
        self.value = grown(value, size)
        self.gain = self._arcs.gain[nodes:]
        self.lot = self._arcs.source[nodes:]
        self.demand = np.zeros(size, np.int32)
        self.demand[:count] = self._arcs.target[nodes : nodes + count] - self._lots
        self.flow = grown(network.taken[kept], size)

    @staticmethod
    def in_tree(network: Network, arcs: int) -> NDArray[np.bool_]:
        """Which of the network's arcs its tree holds."""
        held: NDArray[np.bool_] = network.basis[0].state[-arcs:] == BASIC if arcs else np.zeros(0, np.bool_)
        return held

    def price(self, of_lots: bool, places: Places) -> Longs:
        potential: Longs = self._tree.potential[self._at(of_lots, places)]
        return potential if of_lots else -potential

    def more(self, arcs: Places) -> Longs:
        """What the arcs gain over the prices of their orders, zero at best."""
        more: Longs = (
            self.gain[arcs] - self.price(True, self.lot[arcs]) - self.price(False, self.demand[arcs])
        )
        return more

    def left(self, of_lots: bool, places: Places) -> Longs:
        nodes = self._at(of_lots, places)
        left: Longs = np.where(self._arcs.state[nodes] == BASIC, self._tree.link["flow"][nodes], 0)
        return left

    def whole(self, of_lots: bool) -> Longs:
        """Of each place what its order has to give, or to want."""
        return self._whole[: self._lots] if of_lots else self._whole[self._lots :]

    def of(self, of_lots: bool, place: int) -> Longs:
        """The arcs of an order that are still there."""
        node = place if of_lots else place + self._lots
        arcs: Longs = lists.members(self._lists, self._arcs.gain, node, self._lots) - self._nodes
        return arcs

    def of_all(self, of_lots: bool, orders: Longs) -> Longs:
        """The arcs of these orders, those that are no more among them."""
        arcs: Longs = lists.all_members(self._lists, self._at(of_lots, orders), self._lots) - self._nodes
        return arcs

    def codes(self, of_lots: bool, orders: Longs) -> Longs:
        """lot · the places of demands + demand, of all arcs of these orders."""
        arcs, demands = self.of_all(of_lots, orders), self._nodes - self._lots
        codes: Longs = self.lot[arcs].astype(np.int64) * demands + self.demand[arcs]
        return codes

    def open(self, of_lots: bool, places: Places, whole: Longs) -> None:
        """Puts orders at free places."""
        nodes = self._at(of_lots, places)
        self._whole[nodes] = self._tree.link["flow"][nodes] = whole

    def close(self, of_lots: bool, place: int) -> None:
        """Takes an order out with all its arcs."""
        node = place if of_lots else place + self._lots
        resume.remove(self._arcs, self._tree, self._lists, self._agenda, node)
        self._whole[node] = 0

    def add(self, lot: NDArray[np.integer], demand: NDArray[np.integer], gain: Longs, value: Longs) -> None:
        """Further arcs. Raises TooMuch where there is no room."""
        arcs = slice(self.count, self.count + len(gain))
        if arcs.stop > len(self.value):
            raise TooMuch
        self.gain[arcs], self.value[arcs] = gain, value
        self.lot[arcs], self.demand[arcs] = lot, demand
        self._arcs.target[self._nodes + arcs.start : self._nodes + arcs.stop] = demand + self._lots
        lists.link(self._arcs, self._lists, self._nodes + arcs.start, self._nodes + arcs.stop)
        self.count = arcs.stop

    def hold(self, of_lots: bool, places: Longs) -> None:
        """Gives new orders the prices that their arcs ask for; `settle` lowers them to what they are."""
        for node in self._at(of_lots, places).tolist():
            resume.hold_new(self._arcs, self._tree, self._lists, self._agenda, node)

    def begin(self) -> None:
        """A new change: nothing is touched yet, and no work done."""
        self._agenda.counts[resume.LOGGED] = 0
        self._agenda.looked[:] = False
        self._before = self._tree.potential.copy()
        self._agenda.counts[resume.WORK] = 0

    def settle(self, effort: int) -> None:
        """Until no arc could gain, with orders held still where the change has taken all of `effort`.

        Raises TooMuch where even so it takes more than may ever be spent on one.
        """
        new = self._nodes + self._settled, self._nodes + self.count
        if not falling.settle(self._arcs, self._tree, self._lists, self._agenda, *new, effort, MOST):
            raise TooMuch
        self._settled = self.count

    def held(self) -> tuple[Longs, Longs]:
        """What each order that is held has left over, and the gain per gram for which it is held."""
        nodes = self._agenda.held[: self._agenda.counts[resume.HELD]].astype(np.int64)
        basic = self._arcs.state[nodes] == BASIC
        left: Longs = np.where(basic, self._tree.link["flow"][nodes], 0)
        gain: Longs = self._arcs.gain[nodes]
        return left, gain

    def held_orders(self) -> list[tuple[bool, int]]:
        """(Whether a lot, its place) of each order that is held."""
        nodes = self._agenda.held[: self._agenda.counts[resume.HELD]].tolist()
        return [(node < self._lots, node if node < self._lots else node - self._lots) for node in nodes]

    def moved(self, of_lots: bool, new: Longs) -> Longs:
        """The orders whose price is another than when the change began, and the `new` ones."""
        side = slice(0, self._lots) if of_lots else slice(self._lots, self._nodes)
        moved = self._tree.potential[side] != self._before[side]
        moved[new] = True
        return np.flatnonzero(moved)

    def looked(self, of_lots: bool) -> Longs:
        """The orders at whose arcs has been looked since the change began."""
        side = slice(0, self._lots) if of_lots else slice(self._lots, self._nodes)
        return np.flatnonzero(self._agenda.looked[side])

    def touched(self) -> tuple[Longs, Longs]:
        """The arcs that carry another flow since this was last asked, and how much more."""
        log = self._agenda.log[: self._agenda.counts[resume.LOGGED]]
        arcs, more = resume.carry_over(self._arcs, self._tree, log, self.flow)
        order = np.argsort(arcs)
        return arcs[order], more[order]

    def unproven(self, of_lots: bool, places: Places) -> int:
        """The first of these orders whose price does not prove its arcs best, as a place; or NONE."""
        nodes = self._at(of_lots, places)
        wrong = resume.unproven(self._arcs, self._tree, self._lists, self._whole, nodes, self._lots)
        return wrong if of_lots or wrong == NONE else wrong - self._lots

    def _at(self, of_lots: bool, places: Places) -> Longs:
        return places.astype(np.int64) + (0 if of_lots else self._lots)


def _moved_arcs(
    arcs: Arcs, place: NDArray[np.int32], kept: NDArray[np.bool_], lots: int, nodes: int, size: int
) -> Arcs:
    """The arcs with their nodes at `place` of `nodes`, and room for `size` besides the slack arcs."""
    slack, real = len(place) - 1, slice(nodes, nodes + int(kept.sum()))
    source, target = np.full((2, nodes + size), nodes, np.int32)
    source[:lots], target[lots:nodes] = np.arange(lots), np.arange(lots, nodes)
    source[real], target[real] = place[arcs.source[slack:][kept]], place[arcs.target[slack:][kept]]
    gain = np.zeros(nodes + size, np.int64)
    gain[real] = arcs.gain[slack:][kept]
    state = np.full(nodes + size, LOWER, np.int8)
    state[:nodes] = BASIC  # free places hang on the root
    state[place[:-1]], state[real] = arcs.state[:slack], arcs.state[slack:][kept]
    return Arcs(source, target, gain, np.full(nodes + size, NO_LIMIT, np.int64), state)


def _moved_tree(tree: Tree, place: NDArray[np.int32], kept: NDArray[np.bool_], lots: int, nodes: int) -> Tree:
    """The tree with its nodes at `place` of `nodes`, and free places hung on the root."""
    slack = len(place) - 1
    free = np.setdiff1d(np.arange(nodes), place).astype(np.int32)
    moved = bare(nodes + 1)
    shape, link = moved.shape, moved.link
    shape[place], link[place], moved.potential[place] = tree.shape, tree.link, tree.potential
    shape["parent"][place[:-1]] = place[tree.shape["parent"][:-1]]
    arc, number = tree.link["arc"], nodes - 1 + np.cumsum(kept, dtype=np.int32)
    real = (arc >= slack) & (np.arange(slack + 1) < slack)  # the root has none
    link["arc"][place] = place[np.minimum(arc, slack)]
    link["arc"][place[real]] = number[arc[real] - slack]
    shape["parent"][free], shape["size"][free] = nodes, 1
    link["arc"][free], link["room"][free], link["up"][free] = free, NO_LIMIT, free < lots
    shape["size"][nodes] += len(free)
    walk = np.concatenate([[nodes], free, place[np.argsort(by_walk(tree))[:-1]]])
    moved.thread[walk], moved.back[walk] = np.roll(walk, -1), np.roll(walk, 1)
    moved.last[free], moved.last[place] = free, place[tree.last]
    moved.last[nodes] = walk[-1]
    return moved

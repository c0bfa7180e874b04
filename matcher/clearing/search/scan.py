"""Compiled: which pairs of a whole book gain more than the prices of their two orders.

Orders stand in trees of boxes (`tree`): where the best that any pair of two boxes could be worth does not
pay for the way between them and for the prices, none of their pairs is looked at.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.search.pair import DOUBTFUL, Common, Row, gain, worth

LOW, HIGH, MONEY, LEVELS, DAY, FIGURE = 0, 3, 6, 7, 11, 12  # columns of `bounds`


Doubtful = NDArray[np.int32]  # int32[2, k]: pairs whose metres are a hair from a half


class Side(NamedTuple):
    """All lots, or all demands, in the sequence of their tree.

    `money` đ/kg is what a lot costs, or the negative of what a demand is worth before transport;
    `points` [k, 3] are metres from the centre of the Earth; `levels` [k, 4] are what a lot has, or what a
    demand needs. `bounds` of each node: the least of the points and of their negatives, and of the money;
    of lots then the negatives of levels, `harvest_until` and `shelf_life`; of demands the levels,
    `deliver_from` and `bid`.
    """

    money: NDArray[np.int64]
    points: NDArray[np.float64]
    levels: NDArray[np.int32]
    bounds: NDArray[np.float64]


class Best(NamedTuple):
    """Of each order, by its place, the most that it gains, `more` [k, few], with whom, and worth what."""

    more: NDArray[np.int64]
    partner: NDArray[np.int32]
    value: NDArray[np.int64]


class Stack(NamedTuple):
    """Nodes still to be looked at, and the most money an own order may ask there and still gain."""

    node: NDArray[np.int64]
    hope: NDArray[np.float64]


@compiled
def slack(common: Common, lots: NDArray[np.float64], demands: NDArray[np.float64]) -> float:
    """The most, đ/kg, that any pair of two boxes with these bounds could gain; below 0 where none can."""
    for column in range(LEVELS, DAY):
        if -lots[column] < demands[column]:
            return -1.0
    gap = -demands[MONEY] - lots[MONEY]
    age = demands[DAY] + lots[DAY]
    if age > 0:
        gap -= max(common.percent * demands[FIGURE] * age / (100 * max(-lots[FIGURE], 1.0)) - 1, 0.0)
    if gap < 0:
        return -1.0
    apart = 0.0
    for axis in range(3):
        way = max(lots[LOW + axis] + demands[HIGH + axis], demands[LOW + axis] + lots[HIGH + axis], 0.0)
        apart += way * way
    if apart > common.reach * common.reach:
        return -1.0
    hope: float = gap + 1 - math.sqrt(apart) / common.metres_per_dong
    return hope


@compiled
def keep(best: Best, order: int, more: int, partner: int, value: int) -> None:
    """Write a partner down among the best of `order`, where it is; of equals the one of the lower place."""
    few = best.more.shape[1]
    place = few
    while place > 0:
        known, rival = best.more[order, place - 1], best.partner[order, place - 1]
        if known > more or (known == more and rival < partner):
            break
        place -= 1
    if place == few:
        return
    for later in range(few - 1, place, -1):
        best.more[order, later] = best.more[order, later - 1]
        best.partner[order, later] = best.partner[order, later - 1]
        best.value[order, later] = best.value[order, later - 1]
    best.more[order, place], best.partner[order, place], best.value[order, place] = more, partner, value


@compiled
def orders_of(side: Side, leaf: int) -> tuple[int, int]:
    """The first order of a leaf, and the first after it."""
    count, leaves = len(side.money), len(side.bounds) // 2
    return count * leaf // leaves, count * (leaf + 1) // leaves


@compiled
def apart(common: Common, lots: Side, demands: Side, i: int, j: int) -> float:
    """The metres of the chord between a lot and a demand, below 0 where the two can not gain."""
    gap = -lots.money[i] - demands.money[j]
    if gap < 0:
        return -1.0
    for column in range(lots.levels.shape[1]):
        if lots.levels[i, column] < demands.levels[j, column]:
            return -1.0
    most = min((gap + 1) * common.metres_per_dong, common.reach)
    square = 0.0
    for axis in range(3):
        way = demands.points[j, axis] - lots.points[i, axis]
        square += way * way
    return math.sqrt(square) if square <= most * most else -1.0


@compiled
def noted(doubtful: Doubtful, lot: int, demand: int) -> Doubtful:
    longer = np.empty((2, doubtful.shape[1] + 1), np.int32)
    longer[:, :-1] = doubtful
    longer[0, -1], longer[1, -1] = lot, demand
    return longer


@compiled
def compare(
    common: Common,
    lots: Side,
    demands: Side,
    of_lots: bool,
    leaves: tuple[int, int],
    best: Best,
    doubtful: Doubtful,
) -> Doubtful:
    """Look at all pairs of two leaves, an own one and another; returns `doubtful` and theirs."""
    own, other = (lots, demands) if of_lots else (demands, lots)
    few = best.more.shape[1]
    begin, end = orders_of(other, leaves[1])
    for one in range(*orders_of(own, leaves[0])):
        for two in range(begin, end):
            i, j = (one, two) if of_lots else (two, one)
            chord = apart(common, lots, demands, i, j)
            if chord < 0:
                continue
            lot: Row = common.lots[i]
            demand: Row = common.demands[j]
            value = worth(common, lot, demand, chord)
            if value == DOUBTFUL:
                doubtful = noted(doubtful, lot.place, demand.place)
            if value < 0:
                continue
            place, partner = (lot.place, demand.place) if of_lots else (demand.place, lot.place)
            more, least = (
                gain(common, lot, demand, value) - lot.price - demand.price,
                best.more[place, few - 1],
            )
            if more > least:
                keep(best, place, more, partner, value)
                own.money[one] += (best.more[place, few - 1] >> common.shift) - (least >> common.shift)
    return doubtful


@compiled
def descend(
    common: Common,
    box: NDArray[np.float64],
    other: NDArray[np.float64],
    of_lots: bool,
    stack: Stack,
    height: int,
) -> int:
    """Put the two nodes below the top one in its place where they give hope, the better one on top."""
    above = stack.node[height]
    for node in (2 * above, 2 * above + 1):
        hope = slack(common, box, other[node]) if of_lots else slack(common, other[node], box)
        if hope >= 0:
            stack.node[height], stack.hope[height] = node, hope + box[MONEY]
            height += 1
    top = height - 1
    if height > 1 and stack.node[top - 1] == 2 * above and stack.hope[top] < stack.hope[top - 1]:
        stack.node[top], stack.node[top - 1] = stack.node[top - 1], stack.node[top]
        stack.hope[top], stack.hope[top - 1] = stack.hope[top - 1], stack.hope[top]
    return height


@compiled
def scan(
    leaves: tuple[int, int], common: Common, lots: Side, demands: Side, of_lots: bool, best: Best
) -> Doubtful:
    """Write down the best partners of the lots, or of the demands, in some leaves of their tree.

    A pair gains where its gain is more than the prices of its two orders. As the best few of an order fill
    up, its money is raised so that lesser ones are passed over. Returns the doubtful pairs, by their places.
    """
    doubtful = np.empty((2, 0), np.int32)
    own, other = (lots, demands) if of_lots else (demands, lots)
    stack = Stack(np.empty(64, np.int64), np.empty(64, np.float64))
    others = len(other.bounds) // 2
    for leaf in range(leaves[0], leaves[1]):
        begin, end = orders_of(own, leaf)
        box = own.bounds[len(own.bounds) // 2 + leaf]
        height, stack.node[0], stack.hope[0] = 1, 1, np.inf
        while height > 0 and begin < end:
            height -= 1
            node = stack.node[height]
            if stack.hope[height] < box[MONEY]:
                continue
            if node < others:
                height = descend(common, box, other.bounds, of_lots, stack, height)
            else:
                pair = leaf, node - others
                doubtful = compare(common, lots, demands, of_lots, pair, best, doubtful)
                box[MONEY] = own.money[begin:end].min()
    return doubtful

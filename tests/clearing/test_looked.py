"""The search for pairs that could gain: whole blocks are passed over, and no pair is missed for it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from matcher.clearing.standing.looked import MARGIN, ROUNDING, Seen, could_gain, nobody, set_money, set_points


def side(random: Generator, of_lots: bool, count: int) -> Seen:
    """`count` orders in clusters, some of which then go, move their price or turn up elsewhere."""
    seen = nobody(of_lots, count)
    places = np.arange(count)
    homes = random.uniform(0, 400_000, (5, 3))
    set_points(seen, places, homes[places * 5 // count] + random.uniform(0, 20_000, (count, 3)))
    set_money(of_lots, seen, places, random.integers(15_000, 30_000, count))
    seen.levels[:count] = random.integers(0, 2, (count, 4))
    seen.reach[:count] = random.choice([np.inf, 50_000], count)
    some = np.flatnonzero(random.random(count) < 0.1)
    set_money(of_lots, seen, some, random.integers(10_000, 35_000, len(some)))
    set_points(seen, some, random.uniform(0, 400_000, (len(some), 3)))
    return seen


def near(lots: Seen, demands: Seen, lot: int, demand: int, metres_per_dong: float) -> bool:
    gap = int(demands.money[demand]) - int(lots.money[lot]) + MARGIN
    if gap < 0 or not (lots.levels[lot] >= demands.levels[demand]).all():
        return False
    most = min(gap * metres_per_dong + ROUNDING, demands.reach[demand])
    between = lots.points[lot] - demands.points[demand]
    return bool(between @ between <= most * most)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_every_pair_that_could_gain_is_found_and_no_other(
    seed: int, own: int, other: int, of_lots: bool
) -> None:
    random = np.random.default_rng(seed)
    lots, demands = side(random, True, own), side(random, False, other)
    asked = np.arange(own if of_lots else other)[::3]
    found = np.empty((2, own * other), np.int32)
    size = could_gain(of_lots, asked, lots, demands, other if of_lots else own, 20.0, found)
    pairs = {(lot, demand) for lot, demand in found[:, :size].T.tolist()}
    assert len(pairs) == size
    assert pairs == {
        (lot, demand)
        for lot in (asked.tolist() if of_lots else range(own))
        for demand in (range(other) if of_lots else asked.tolist())
        if near(lots, demands, lot, demand, 20.0)
    }


def test_more_pairs_than_there_is_room_for_are_counted() -> None:
    lots, demands = nobody(True, 70), nobody(False, 70)
    set_money(True, lots, np.arange(70), 1_000)
    set_money(False, demands, np.arange(70), 2_000)
    for seen in (lots, demands):
        set_points(seen, np.arange(70), np.zeros((70, 3)))
    demands.reach[:] = np.inf
    found = np.empty((2, 10), np.int32)
    assert could_gain(True, np.arange(70), lots, demands, 70, 20.0, found) == 70 * 70

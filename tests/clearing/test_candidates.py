"""A book too large to be taken whole gives what it would if it were."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bench.clearing.books import FAMILIES, book
from matcher.clearing import clear
from matcher.clearing.distance import EARTH_RADIUS
from matcher.clearing.pairs import Book
from matcher.clearing.search import candidates
from matcher.clearing.search.pricing import Pricing
from matcher.clearing.ties import ties
from tests.clearing.scalar import TERMS, Demand, Lot, keyed, tables
from tests.clearing.strategies import books


@pytest.mark.parametrize("family", FAMILIES)
def test_searching_candidates_gives_the_matches_of_the_whole_book(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = book(family, 400, seed=3)
    whole = clear(*orders)
    monkeypatch.setattr(candidates, "WHOLE", 1_000)
    searched = clear(*orders)
    assert searched.candidates < whole.candidates
    assert searched.rounds > whole.rounds == 1
    for name in ("lot", "demand", "quantity", "welfare", "relaxation"):
        assert np.array_equal(getattr(searched, name), getattr(whole, name)), name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=books)
def test_small_books_of_every_kind_are_searched_as_if_they_were_whole(
    orders: tuple[list[Lot], list[Demand]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tabled = tables(*orders)
    whole = clear(*tabled, TERMS)
    with monkeypatch.context() as patched:
        patched.setattr(candidates, "WHOLE", 1)
        patched.setattr(candidates, "FIRST", 1)
        patched.setattr(candidates, "ADDED", 1)
        searched = clear(*tabled, TERMS)
    for name in ("lot", "demand", "quantity", "welfare", "relaxation"):
        assert np.array_equal(getattr(searched, name), getattr(whole, name)), name


def test_the_nearest_candidates_are_the_nearest_that_keep_every_rule() -> None:
    lots, demands, terms = book("scarce supply", 60, seed=1)
    tabled = Book(lots, demands, terms, np.empty((0, 2), np.int64))
    whole, near = candidates.whole(tabled), candidates.nearest(tabled, 4)
    apart = np.linalg.norm(tabled.lot_points[whole.lot] - tabled.demand_points[whole.demand], axis=1)
    found = set(zip(near.lot.tolist(), near.demand.tolist(), strict=True))
    asked = min(candidates.ASKED * 4, 60)
    for lot in range(60):
        everyone = np.linalg.norm(tabled.demand_points - tabled.lot_points[lot], axis=1)
        reach = np.sort(everyone)[asked - 1]
        mine = np.flatnonzero((whole.lot == lot) & (apart <= reach))
        nearest = mine[np.argsort(apart[mine], kind="stable")][:4]
        assert {(lot, int(demand)) for demand in whole.demand[nearest]} <= found


@settings(max_examples=300)
@given(books)
def test_the_compiled_rules_find_the_pairs_and_values_that_the_plain_ones_do(
    orders: tuple[list[Lot], list[Demand]],
) -> None:
    tabled = Book(*tables(*orders), TERMS, np.array([[0, 0]] if all(orders) else [], np.int64).reshape(-1, 2))
    lots, demands = len(tabled.lots), len(tabled.demands)
    if not lots or not demands:
        return
    whole = candidates.whole(tabled)
    pricing = Pricing(tabled, ties(tabled), np.zeros(lots, np.int64), np.zeros(demands, np.int64))
    expected = set(zip(whole.lot.tolist(), whole.demand.tolist(), whole.value.tolist(), strict=True))
    for of_lots in (True, False):
        best, doubtful = pricing.best(of_lots, max(lots, demands))
        own, nth = np.nonzero(best.more)
        partner = best.partner[own, nth]
        pairs = (own, partner) if of_lots else (partner, own)
        assert not doubtful.size
        assert (
            set(zip(*(end.tolist() for end in pairs), best.value[own, nth].tolist(), strict=True)) == expected
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_best_partners_are_those_that_gain_most_of_all(family: str) -> None:
    lots, demands, terms = book(family, 300, seed=4)
    tabled = Book(lots, demands, terms, np.empty((0, 2), np.int64))
    rules, whole = ties(tabled), candidates.whole(tabled)
    asked = np.random.default_rng(4).integers(0, 2_000, (2, 300)) << rules.shift
    gain = rules.gain(whole.lot, whole.demand, whole.value)
    more = gain - asked[0][whole.lot] - asked[1][whole.demand]
    for of_lots, own in ((True, whole.lot), (False, whole.demand)):
        best = Pricing(tabled, rules, asked[0], asked[1]).best(of_lots, 3)[0]
        for order in range(300):
            expected = np.sort(more[(own == order) & (more > 0)])[::-1][:3]
            assert best.more[order][best.more[order] > 0].tolist() == expected.tolist()


def test_a_pair_whose_metres_are_all_but_halfway_is_left_to_the_plain_rules() -> None:
    """Machine code and numpy could round it differently, by a unit in the last place of the arc sine."""
    latitude = np.degrees(1_000.5 / EARTH_RADIUS)
    lots, demands = keyed([Lot(latitude=0, longitude=0)], [Demand(latitude=latitude, longitude=0)])
    tabled = Book(*tables(lots, demands), TERMS, np.empty((0, 2), np.int64))
    nothing = np.zeros(1, np.int64)
    best, doubtful = Pricing(tabled, ties(tabled), nothing, nothing).best(True, 1)
    assert doubtful.tolist() == [[0], [0]]
    assert not best.more.any()
    assert len(candidates.absent(tabled, ties(tabled), nothing, nothing)) == 1

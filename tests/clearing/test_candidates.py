"""A book too large to be taken whole gives what it would if it were."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bench.clearing.books import FAMILIES, book
from matcher.clearing import candidates, clear
from matcher.clearing.pairs import Book
from tests.clearing.scalar import TERMS, Demand, Lot, tables
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
        patched.setattr(candidates, "NEAREST", 1)
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

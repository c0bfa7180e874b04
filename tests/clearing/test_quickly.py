"""A clearing that is cut short: feasible, term-keeping, honest about what it might have missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clearing.books import FAMILIES, book, with_terms
from matcher.clearing import clear
from matcher.clearing.search import candidates
from tests.clearing.milp import best_welfare
from tests.clearing.scalar import TERMS, Demand, Lot, Pair, tables
from tests.clearing.strategies import books
from tests.clearing.test_terms import assert_terms_kept
from tests.clearing.test_terms import books as books_with_terms

Book = tuple[list[Lot], list[Demand]]


@settings(max_examples=300)
@given(st.one_of(books, books_with_terms), st.integers(1, 3), st.sampled_from([1, 4, 1_000]))
def test_a_quick_clearing_keeps_rules_and_terms_and_its_bound_holds(
    orders: Book, nearest: int, large: int
) -> None:
    lots, demands = orders
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(candidates.nearest, "__defaults__", (nearest,))
        patched.setattr(candidates, "WHOLE", large)
        clearing = clear(*tables(lots, demands), TERMS, quickly=True)
    assert_terms_kept(clearing, lots, demands)
    for i, j in zip(clearing.lot, clearing.demand, strict=True):
        assert Pair(lots[i], demands[j]).broken() == []
    assert clearing.welfare <= best_welfare(lots, demands) <= clearing.upper_bound <= clearing.relaxation
    assert clearing.optimal == (clearing.welfare == clearing.upper_bound)


@settings(max_examples=200)
@given(books)
def test_its_prices_prove_its_bound_over_every_pair(orders: Book) -> None:
    lots, demands = orders
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(candidates.nearest, "__defaults__", (1,))
        patched.setattr(candidates, "WHOLE", 1)
        clearing = clear(*tables(lots, demands), TERMS, quickly=True)
    p, q = clearing.lot_price.tolist(), clearing.demand_price.tolist()
    assert min([0, *p, *q]) >= 0
    for lot, lot_price in zip(lots, p, strict=True):
        for demand, demand_price in zip(demands, q, strict=True):
            pair = Pair(lot, demand)
            tradable = not pair.broken() and min(lot.quantity, demand.quantity) > 0
            assert not tradable or lot_price + demand_price >= pair.value
    proven = sum(price * lot.quantity for price, lot in zip(p, lots, strict=True))
    proven += sum(price * demand.quantity for price, demand in zip(q, demands, strict=True))
    assert proven == clearing.upper_bound


@pytest.mark.parametrize("family", FAMILIES)
def test_a_larger_book_is_cleared_quickly_within_its_bound_and_says_how(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lots, demands, terms = book(family, 400, seed=6)
    lots, demands = with_terms(lots, demands, 0.3, seed=6)
    best = clear(lots, demands, terms)
    monkeypatch.setattr(candidates, "WHOLE", 1_000)
    quick = clear(lots, demands, terms, quickly=True)
    assert 0.5 * best.welfare < quick.welfare <= best.upper_bound <= quick.upper_bound
    assert best.relaxation <= quick.relaxation
    assert quick.method == (
        "cut short: network simplex over the nearest partners of each order alone; minimum terms by repair"
    )
    assert np.array_equal(quick.quantity, clear(lots, demands, terms, quickly=True).quantity)

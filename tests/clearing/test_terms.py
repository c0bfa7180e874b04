"""Minimum terms: always kept, and best where that can be proven."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clearing.books import book, with_terms
from matcher.clearing import Clearing, TermBroken, clear
from matcher.clearing.pairs import Book
from matcher.clearing.terms import minimum
from tests.clearing.milp import best_welfare
from tests.clearing.scalar import TERMS, Demand, Lot, keyed, tables
from tests.clearing.strategies import plain_demand, plain_lot


@st.composite
def lots_with_terms(draw: st.DrawFn) -> Lot:
    lot = draw(plain_lot())
    return replace(lot, min_take=draw(st.integers(0, 8)), multiple=draw(st.sampled_from([0, 0, 1, 2, 3, 5])))


@st.composite
def demands_with_terms(draw: st.DrawFn) -> Demand:
    demand = draw(plain_demand())
    return replace(
        demand,
        min_take=draw(st.sampled_from([0, 0, 2, 5])),
        min_fill=draw(st.integers(0, 12)),
        max_sellers=draw(st.integers(0, 2)),
    )


books = st.tuples(st.lists(lots_with_terms(), max_size=5), st.lists(demands_with_terms(), max_size=5)).map(
    lambda orders: keyed(*orders)
)


def assert_terms_kept(clearing: Clearing, lots: list[Lot], demands: list[Demand]) -> None:
    for i, j, quantity in zip(clearing.lot, clearing.demand, clearing.quantity, strict=True):
        assert quantity >= max(lots[i].min_take, demands[j].min_take)
        assert quantity % max(lots[i].multiple, 1) == 0
    for i, lot in enumerate(lots):
        assert clearing.quantity[clearing.lot == i].sum() <= lot.quantity
    for j, demand in enumerate(demands):
        parts = clearing.quantity[clearing.demand == j]
        assert not len(parts) or demand.min_fill <= parts.sum() <= demand.quantity
        assert not demand.max_sellers or len(parts) <= demand.max_sellers


@settings(max_examples=400)
@given(books)
def test_small_books_with_terms_reach_the_greatest_welfare_that_keeps_them(
    book: tuple[list[Lot], list[Demand]],
) -> None:
    clearing = clear(*tables(*book), TERMS)
    assert_terms_kept(clearing, *book)
    assert clearing.welfare == best_welfare(*book)
    assert clearing.welfare <= clearing.upper_bound <= clearing.relaxation
    assert clearing.optimal == (clearing.welfare == clearing.upper_bound)


@pytest.mark.parametrize("family", ["scarce supply", "clustered places"])
def test_larger_books_keep_every_term_within_the_bound(family: str) -> None:
    lots, demands, terms = book(family, 300, seed=5)
    lots, demands = with_terms(lots, demands, 0.3, seed=5)
    clearing = clear(lots, demands, terms)
    arcs = clearing.lot, clearing.demand, clearing.value, clearing.value
    none = np.empty((0, 2), np.int64)
    minimum.verify(minimum.problem(Book(lots, demands, terms, none), *arcs), clearing.quantity)
    assert clearing.welfare <= clearing.upper_bound <= clearing.relaxation
    assert clearing.welfare >= 0.97 * clearing.relaxation


def test_a_minimum_is_not_a_multiple() -> None:
    lots, demands = keyed([Lot(quantity=6, min_take=4)], [Demand(quantity=5)])
    assert clear(*tables(lots, demands), TERMS).quantity.tolist() == [5]
    lots, demands = keyed([Lot(quantity=6, multiple=4)], [Demand(quantity=5)])
    assert clear(*tables(lots, demands), TERMS).quantity.tolist() == [4]


def test_a_demand_that_cannot_be_filled_enough_gets_nothing_and_is_told_so() -> None:
    lots, demands = keyed([Lot(quantity=6)], [Demand(quantity=10, min_fill=8)])
    clearing = clear(*tables(lots, demands), TERMS)
    assert len(clearing) == 0
    assert clearing.refused_lots.tolist() == [0]
    assert clearing.refused_demands.tolist() == [0]
    assert clearing.optimal


def test_a_take_below_its_least_a_short_fill_and_too_many_sellers_are_caught() -> None:
    lots, demands = keyed([Lot(min_take=4), Lot()], [Demand(min_fill=6), Demand(max_sellers=1)])
    tabled = Book(*tables(lots, demands), TERMS, np.empty((0, 2), np.int64))
    lot, demand = np.array([0, 1, 0, 1], np.int32), np.array([0, 0, 1, 1], np.int32)
    problem = minimum.problem(tabled, lot, demand, np.ones(4, np.int64), np.ones(4, np.int64))
    minimum.verify(problem, np.array([4, 2, 0, 8]))
    wrong = [[3, 3, 0, 0], [4, 1, 0, 0], [0, 0, 5, 5], [6, 0, 5, 0], [6, 5, 0, 0], [-4, 10, 0, 0]]
    for taken in wrong:
        with pytest.raises(TermBroken):
            minimum.verify(problem, np.array(taken))


def crowded_book(size: int, seed: int) -> tuple[list[Lot], list[Demand]]:
    """Two orders in five have a smallest part, as many packages, a smallest fill or few sellers."""
    random = np.random.default_rng(seed)
    kg = 1_000

    def some(figure: int) -> int:
        return figure if random.random() < 0.4 else 0

    lots = [
        Lot(
            quantity=kg * int(random.integers(300, 901)), ask=100 * int(random.integers(150, 251)),
            min_take=some(10 * kg * int(random.integers(1, 31))),
            multiple=some(kg * int(random.choice([7, 13, 20, 30]))), latitude=20.8 + random.random(),
        )
        for _ in range(size)
    ]  # fmt: skip
    demands = [
        Demand(
            quantity=kg * int(random.integers(300, 901)), bid=100 * int(random.integers(180, 301)),
            min_take=some(10 * kg * int(random.integers(1, 21))), min_fill=some(150 * kg),
            max_sellers=some(int(random.integers(1, 3))), latitude=20.8 + random.random(),
        )
        for _ in range(size)
    ]  # fmt: skip
    return keyed(lots, demands)


@pytest.mark.parametrize("seed", [1, 6])
def test_a_small_book_full_of_terms_is_proven_best(seed: int) -> None:
    orders = crowded_book(10, seed)
    clearing = clear(*tables(*orders), TERMS)
    assert_terms_kept(clearing, *orders)
    assert clearing.optimal
    assert clearing.welfare == best_welfare(*orders)

"""A book without minimum terms: best, proven, the same in any order, and never oversold."""

from dataclasses import fields, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.clearing import Clearing, clear
from tests.clearing.milp import best_welfare
from tests.clearing.scalar import TERMS, Demand, Lot, Pair, keyed, tables
from tests.clearing.strategies import books

Book = tuple[list[Lot], list[Demand]]


def clear_orders(lots: list[Lot], demands: list[Demand]) -> Clearing:
    return clear(*tables(lots, demands), TERMS)


def matches(clearing: Clearing, lots: list[Lot], demands: list[Demand]) -> set[tuple[int, int, int]]:
    """(lot key, demand key, quantity) of every match."""
    columns = (clearing.lot.tolist(), clearing.demand.tolist(), clearing.quantity.tolist())
    return {(lots[i].key, demands[j].key, quantity) for i, j, quantity in zip(*columns, strict=True)}


@settings(max_examples=300)
@given(books)
def test_matches_reach_the_greatest_welfare_that_the_rules_allow(book: Book) -> None:
    clearing = clear_orders(*book)
    assert clearing.welfare == clearing.upper_bound == clearing.relaxation == best_welfare(*book)
    assert clearing.optimal


@given(books)
def test_every_match_keeps_every_rule_and_says_what_plain_python_says(book: Book) -> None:
    lots, demands = book
    clearing = clear_orders(lots, demands)
    for k in range(len(clearing)):
        pair = Pair(lots[clearing.lot[k]], demands[clearing.demand[k]])
        assert pair.broken() == []
        assert clearing.quantity[k] > 0
        assert clearing.price[k] == pair.price
        assert pair.lot.ask <= pair.price <= pair.demand.bid - pair.transport
        assert clearing.value[k] == pair.value
        assert clearing.transport[k] == pair.transport
        assert clearing.penalty[k] == pair.penalty
        assert clearing.distance[k] == pair.road
        days = (clearing.leave_day[k], clearing.delivery_day[k], clearing.age[k])
        assert days == (pair.leave_day, pair.delivery_day, pair.age)
        assert clearing.delivery_day[k] - clearing.pick_day[k] == pair.age


@given(books)
def test_no_order_is_matched_beyond_its_quantity(book: Book) -> None:
    lots, demands = book
    clearing = clear_orders(lots, demands)
    for place, lot in enumerate(lots):
        assert clearing.quantity[clearing.lot == place].sum() <= lot.quantity
    for place, demand in enumerate(demands):
        assert clearing.quantity[clearing.demand == place].sum() <= demand.quantity
    pairs = list(zip(clearing.lot.tolist(), clearing.demand.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)


@given(books)
def test_the_prices_prove_the_relaxation(book: Book) -> None:
    lots, demands = book
    clearing = clear_orders(lots, demands)
    p, q = clearing.lot_price.tolist(), clearing.demand_price.tolist()
    for lot, lot_price in zip(lots, p, strict=True):
        for demand, demand_price in zip(demands, q, strict=True):
            pair = Pair(lot, demand)
            assert (
                pair.broken()
                or not min(lot.quantity, demand.quantity)
                or lot_price + demand_price >= pair.value
            )
    proven = sum(price * lot.quantity for price, lot in zip(p, lots, strict=True))
    proven += sum(price * demand.quantity for price, demand in zip(q, demands, strict=True))
    assert min([0, *p, *q]) >= 0
    assert proven == clearing.relaxation


@given(books, st.randoms(use_true_random=False))
def test_the_order_in_which_a_book_is_read_changes_nothing(book: Book, random: Random) -> None:
    lots, demands = book
    mixed_lots, mixed_demands = random.sample(lots, len(lots)), random.sample(demands, len(demands))
    one, other = clear_orders(lots, demands), clear_orders(mixed_lots, mixed_demands)
    assert matches(one, lots, demands) == matches(other, mixed_lots, mixed_demands)
    assert one.welfare == other.welfare


@given(st.permutations(range(5)), st.integers(0, 30))
def test_among_equal_lots_those_posted_earlier_sell_first(posted: list[int], wanted: int) -> None:
    lots, demands = keyed(
        [Lot(posted=when, quantity=5) for when in posted], [Demand(quantity=wanted, posted=9)]
    )
    clearing = clear_orders(lots, demands)
    sold = {lots[i].posted: int(q) for i, q in zip(clearing.lot, clearing.quantity, strict=True)}
    assert [sold.get(when, 0) for when in range(5)] == [
        min(max(wanted - 5 * when, 0), 5) for when in range(5)
    ]


@given(st.permutations(range(5)), st.integers(0, 30))
def test_among_equal_demands_those_posted_earlier_buy_first(posted: list[int], offered: int) -> None:
    lots, demands = keyed(
        [Lot(quantity=offered, posted=9)], [Demand(posted=when, quantity=5) for when in posted]
    )
    clearing = clear_orders(lots, demands)
    bought = {demands[j].posted: int(q) for j, q in zip(clearing.demand, clearing.quantity, strict=True)}
    assert [bought.get(when, 0) for when in range(5)] == [
        min(max(offered - 5 * when, 0), 5) for when in range(5)
    ]


def test_an_earlier_posting_never_beats_a_higher_value() -> None:
    lots, demands = keyed([Lot(posted=0, ask=10_001), Lot(posted=10**15, ask=10_000)], [Demand(posted=5)])
    assert clear_orders(lots, demands).lot.tolist() == [1]


def test_a_pair_worth_nothing_still_trades() -> None:
    pair = Pair(Lot(), Demand())
    lots, demands = keyed([replace(pair.lot, ask=pair.lot.ask + pair.value)], [pair.demand])
    clearing = clear_orders(lots, demands)
    assert clearing.quantity.tolist() == [10]
    assert clearing.welfare == 0


def test_a_declined_pair_is_not_matched_again_in_whatever_order_the_book_is_read() -> None:
    lots, demands = keyed([Lot(), Lot(ask=9_000)], [Demand(), Demand(bid=19_000)])
    given_tables = tables(lots, demands)
    clearing = clear(*given_tables, TERMS, [(1, 0), (0, 1)])
    assert matches(clearing, lots, demands) == {
        (lots[0].key, demands[0].key, 10),
        (lots[1].key, demands[1].key, 10),
    }


@pytest.mark.parametrize("orders", [([], []), ([Lot()], []), ([], [Demand()])])
def test_a_book_with_an_empty_side_has_no_matches(orders: Book) -> None:
    clearing = clear_orders(*orders)
    assert len(clearing) == 0
    assert clearing.welfare == clearing.upper_bound == 0
    assert clearing.optimal


def test_the_same_book_gives_the_same_clearing_twice() -> None:
    lots, demands = keyed(
        [Lot(posted=k % 3, quantity=7) for k in range(9)], [Demand(posted=k % 2) for k in range(8)]
    )
    one, other = clear_orders(lots, demands), clear_orders(lots, demands)
    for field in fields(Clearing):
        first: NDArray[np.int64] | int = getattr(one, field.name)
        assert np.array_equal(first, getattr(other, field.name))


def test_the_largest_quantities_and_prices_are_cleared_exactly() -> None:
    lots, demands = keyed(
        [Lot(quantity=10**15, ask=0), Lot(quantity=10**15 - 1, ask=1, min_take=10**14)],
        [Demand(quantity=10**15, bid=10**9, min_fill=10**15), Demand(quantity=10**15 - 2, bid=10**9 - 1)],
    )
    clearing = clear_orders(lots, demands)
    pairs = [[Pair(lot, demand) for demand in demands] for lot in lots]
    sold = zip(clearing.lot.tolist(), clearing.demand.tolist(), clearing.quantity.tolist(), strict=True)
    assert clearing.welfare == sum(pairs[i][j].value * quantity for i, j, quantity in sold)
    assert clearing.quantity.sum() == 2 * 10**15 - 2
    assert clearing.optimal

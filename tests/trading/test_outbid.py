"""A price that is promised trades, and one đ less does not, also where minimum terms are in the way."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given as having
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from bench.clearing.books import book, with_terms
from matcher import clearing as core
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import feasible
from matcher.clearing.terms import minimum
from matcher.store.tables import Clearing, Demand, Lot
from matcher.trading.explain.change import Side
from matcher.trading.explain.cheapest import Tried, cheapest
from matcher.trading.explain.explain import explain
from matcher.trading.explain.explanation import Explanation
from matcher.trading.explain.outbid import Outbid, outbid
from matcher.trading.record.record import RESULT, Input, unpack
from tests.market import demand, lot
from tests.trading.test_explain import Market, market

__all__ = ["market"]


def traded(given: Input, side: Side, place: int, price: int | None = None) -> int:
    """Grams that the order trades where the book is cleared anew, with another price if one is given."""
    column, orders = ("ask", given.lots) if side == "lot" else ("bid", given.demands)
    changed: Any = orders
    if price is not None:
        prices = getattr(orders, column).copy()
        prices[place] = price
        changed = replace(changed, **{column: prices})
    lots, demands = (changed, given.demands) if side == "lot" else (given.lots, changed)
    again = core.clear(lots, demands, given.terms, given.declined)
    return int(again.quantity[getattr(again, side) == place].sum())


def explained(market: Market, order: Lot | Demand) -> tuple[Explanation, Input, int]:
    """What is told of an order, the stored input of its clearing, and its place in it."""
    with market.ledger.transaction() as session:
        said = explain(session, order, market.knowledge.catalogue)
        given = unpack(session.scalars(select(Clearing.input)).one())
    ids = given.lot_ids if isinstance(order, Lot) else given.demand_ids
    return said, given, ids.index(str(order.id))


def test_who_can_only_take_the_place_of_a_whole_minimum_fill_is_told_the_price_of_all_of_it(
    market: Market,
) -> None:
    market.post({"quantity_kg": 400, "ask": 20_100}, {"quantity_kg": 100, "bid": 21_500})
    with market.ledger.transaction() as session:
        demand(session, market.buyer, market.knowledge, quantity_kg=400, bid=29_200, min_fill_kg=400)
    market.clear()
    said, given, place = explained(market, market.demand)
    assert (said.possible, said.partners, said.refused_for_minimum) == (1, [], False)
    assert said.outbid is not None
    assert isinstance(said.outbid.needed, int)
    assert said.outbid.needed > 29_200 + 3 * (29_200 - 22_000), "four times as many kg stand to lose"
    assert "less may do" not in said.outbid.en
    assert traded(given, "demand", place, said.outbid.needed) == 100_000
    assert traded(given, "demand", place, said.outbid.needed - 1) == 0


def test_a_dearer_partner_that_the_price_alone_keeps_apart_counts_where_it_is_nearer_than_a_rival(
    market: Market,
) -> None:
    market.post({"quantity_kg": 100, "ask": 20_000}, {"quantity_kg": 100, "bid": 40_000})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=100, ask=31_000)
        other = demand(session, market.buyer, market.knowledge, quantity_kg=100, bid=30_000)
    market.clear()
    said, given, place = explained(market, other)
    assert (said.possible, said.partners) == (1, [])
    assert said.outbid is not None
    assert isinstance(said.outbid.needed, int)
    assert said.outbid.needed in [miss.change.needed for miss in said.misses], "long before the rival's price"
    assert traded(given, "demand", place, said.outbid.needed) == 100_000
    assert traded(given, "demand", place, said.outbid.needed - 1) == 0


def test_who_is_kept_out_by_anothers_most_sellers_is_told_the_cut_that_takes_the_place(
    market: Market,
) -> None:
    market.post({"quantity_kg": 300, "ask": 20_200}, {"quantity_kg": 400, "bid": 29_200, "max_sellers": 1})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=400, ask=20_100)
    market.clear()
    said, given, place = explained(market, market.lot)
    assert (said.possible, said.partners) == (1, [])
    assert said.outbid is not None
    assert isinstance(said.outbid.needed, int)
    assert traded(given, "lot", place, said.outbid.needed) == 300_000
    assert traded(given, "lot", place, said.outbid.needed + 1) == 0


def test_where_no_price_would_do_but_for_a_minimum_it_is_said_that_one_is_in_the_way(market: Market) -> None:
    market.post({"quantity_kg": 100, "ask": 100}, {"quantity_kg": 400, "bid": 29_200, "max_sellers": 1})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=300, ask=2_000)
    market.clear()
    said, given, place = explained(market, market.lot)
    assert (said.possible, said.partners, said.outbid) == (1, [], None)
    assert said.refused_for_minimum
    assert traded(given, "lot", place, 0) == 0
    unbound = minimum.without_terms(Book(given.lots, given.demands, given.terms, np.zeros((0, 2), np.int64)))
    assert traded(replace(given, demands=unbound.demands), "lot", place) == 100_000


def test_who_is_partly_served_is_told_the_price_that_brings_more(market: Market) -> None:
    market.post({"quantity_kg": 300, "ask": 20_000}, {"quantity_kg": 400, "bid": 25_000})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=300, ask=20_000)
        demand(session, market.buyer, market.knowledge, quantity_kg=300, bid=29_000, min_take_kg=50)
    market.clear()
    said, given, place = explained(market, market.demand)
    assert sum(partner.quantity_kg for partner in said.partners) == 300
    assert said.outbid is not None
    assert isinstance(said.outbid.needed, int)
    assert traded(given, "demand", place, said.outbid.needed) > 300_000
    assert traded(given, "demand", place, said.outbid.needed - 1) == 300_000


def told(given: Input, found: core.Clearing, side: Side, place: int) -> Outbid:
    """What is told of one order of the book, as an explanation does."""
    own = Book(given.lots, given.demands, given.terms, np.zeros((0, 2), np.int64))
    others = np.arange(len(given.demands) if side == "lot" else len(given.lots))
    places = np.full(len(others), place)
    pairs = Pairs(own, places, others) if side == "lot" else Pairs(own, others, places)
    result = {name: getattr(found, name) for name in RESULT}
    return outbid(given, result, side, place, minimum.possible(feasible(pairs)))


@pytest.mark.parametrize("side", ["lot", "demand"])
def test_in_small_books_with_minimum_terms_every_promise_is_kept_and_one_dong_less_does_not_do(
    side: Side,
) -> None:
    promised = sum(promises_kept(side, seed) for seed in range(6))
    assert promised >= 10


def promises_kept(side: Side, seed: int) -> int:
    """How many orders of a book are promised a price; each is tried, and one đ less."""
    lots, demands, terms = book("scarce supply" if side == "demand" else "scarce demand", 10, seed)
    lots, demands = with_terms(lots, demands, 0.5, seed)
    none = np.zeros((0, 2), np.int32)
    given = Input(lots, demands, terms, none, [""] * 10, [""] * 10, {})
    found = core.clear(lots, demands, terms)
    promised = 0
    for place in range(10):
        now, change = traded(given, side, place), told(given, found, side, place).change
        if change is None:
            continue
        assert isinstance(change.needed, int)
        less = change.needed + (1 if side == "lot" else -1)
        assert traded(given, side, place, change.needed) > now
        assert traded(given, side, place, less) <= now
        promised += 1
    return promised


def test_no_bid_is_named_beyond_twice_the_highest() -> None:
    lots, demands, terms = book("scarce supply", 10, 2)
    lots, demands = with_terms(lots, demands, 0.5, 2)
    given = Input(lots, demands, terms, np.zeros((0, 2), np.int32), [""] * 10, [""] * 10, {})
    found = core.clear(lots, demands, terms)
    for place in range(10):
        change = told(given, found, "demand", place).change
        if change is not None:
            assert isinstance(change.needed, int)
            assert change.needed <= 2 * int(demands.bid.max())


def test_a_promise_that_was_not_tried_to_the_last_dong_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.trading.explain.outbid.GUESSES", 0)
    for name in ("FEWEST_TRIES", "TRIED_PAIRS"):
        monkeypatch.setattr(f"matcher.trading.explain.outbid.{name}", 0)
    lots, demands, terms = book("scarce supply", 50, 1)
    lots, demands = with_terms(lots, demands, 0.3, 1)
    given = Input(lots, demands, terms, np.zeros((0, 2), np.int32), [""] * 50, [""] * 50, {})
    found = core.clear(lots, demands, terms)
    place = int(np.setdiff1d(np.arange(50), found.demand)[0])
    change = told(given, found, "demand", place).change
    assert change is not None
    assert isinstance(change.needed, int)
    assert change.en.endswith("(less may do)")
    assert traded(given, "demand", place, change.needed) > 0


def test_nobody_is_told_to_bid_a_multiple_of_what_everyone_bids(market: Market) -> None:
    # A rest of 1 kg would have to pay for the whole of what it takes the place of.
    market.post({"quantity_kg": 400, "ask": 20_000}, {"quantity_kg": 400, "bid": 30_000, "min_fill_kg": 400})
    with market.ledger.transaction() as session:
        other = demand(session, market.buyer, market.knowledge, quantity_kg=1, bid=29_000)
    market.clear()
    said, given, place = explained(market, other)
    assert (said.possible, said.partners, said.outbid) == (1, [], None)
    assert said.refused_for_minimum
    assert traded(given, "demand", place, 50_000_000) == 1_000, "for which it would be had"


@having(
    st.integers(-5, 400),
    st.integers(0, 300),
    st.integers(1, 300),
    st.sampled_from([0, 1_000]),
    st.lists(st.integers(-5, 400), max_size=9),
)
@hypothesis_settings(max_examples=300)
def test_the_cheapest_that_was_tried_does_and_where_there_are_tries_left_one_less_does_not(
    first: int, most: int, threshold: int, tries: int, likely: list[int]
) -> None:
    asked: list[int] = []

    def does(change: int) -> bool:
        asked.append(change)
        return change >= threshold

    found = cheapest(does, first, most, tries, likely)
    assert all(1 <= change <= most for change in asked)
    assert (found is None) == (threshold > most)
    if found is not None:
        assert threshold <= found.change <= most
        assert not found.tight or found.change == threshold
        assert found.tight or tries == 0
    if tries == 0:
        assert len(asked) <= 3


def test_what_is_likely_to_be_the_cheapest_is_tried_before_what_lies_between() -> None:
    asked: list[int] = []

    def does(change: int) -> bool:
        asked.append(change)
        return change >= 70_001

    assert cheapest(does, 60_000, 1_000_000, 60, [65_000, 70_000, 70_001, 90_000]) == Tried(
        70_001, tight=True
    )
    assert len(asked) <= 5

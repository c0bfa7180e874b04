"""Why not, where a minimum is what keeps orders apart, or keeps the rest of one from trading."""

from typing import Any

import pytest
from pydantic import ValidationError

from matcher.book.demands import MOST_SELLERS, DemandPost
from matcher.store.tables import Demand, Lot
from matcher.trading.explain.explain import explain
from tests.market import demand, demand_body, lot
from tests.trading.test_explain import Market, market

__all__ = ["market"]

APART: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "a packing unit above what is wanted": (
        {"quantity_kg": 90, "multiple_kg": 30}, {"quantity_kg": 20},
        ("multiple_kg", "30", "20", "pack in units of 20 kg", "đóng gói theo 20 kg"),
        ("quantity_kg", "20", "30", "buy 10 kg more", "mua thêm 10 kg"),
    ),
    "a smallest part above what is wanted": (
        {"quantity_kg": 100, "min_take_kg": 80}, {"quantity_kg": 70},
        ("min_take_kg", "80", "70", "sell parts of 70 kg", "bán từng phần từ 70 kg"),
        ("quantity_kg", "70", "80", "buy 10 kg more", "mua thêm 10 kg"),
    ),
    "no whole units between the smallest part and what is wanted": (
        {"quantity_kg": 200, "multiple_kg": 100}, {"quantity_kg": 150, "min_take_kg": 120},
        ("multiple_kg", "100", "75", "pack in units of 75 kg", "đóng gói theo 75 kg"),
        ("min_take_kg", "120", "100", "take parts of 100 kg", "nhận từng phần từ 100 kg"),
    ),
    "a smallest part above what there is": (
        {"quantity_kg": "50.5"}, {"quantity_kg": 200, "min_take_kg": 120},
        ("quantity_kg", "50.5", "120", "offer 69.5 kg more", "bán thêm 69,5 kg"),
        ("min_take_kg", "120", "50.5", "take parts of 50.5 kg", "nhận từng phần từ 50,5 kg"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("side", ["lot", "demand"])
@pytest.mark.parametrize("case", APART)
def test_a_minimum_that_alone_keeps_two_apart_is_named_and_its_change_lets_them_trade(
    market: Market, case: str, side: str
) -> None:
    offered, wanted, sellers, buyers = APART[case]
    market.post(offered, wanted)
    market.clear()
    said = market.explained(Lot if side == "lot" else Demand)
    assert (said.considered, said.possible, said.outbid) == (1, 0, None)
    assert said.blocked == said.blocked_only == {"minimum": 1}
    (miss,) = said.misses
    change = miss.change
    assert (miss.rule, change.side) == ("minimum", side)
    expected = sellers if side == "lot" else buyers
    assert (change.field, change.now, change.needed, change.en, change.vi) == expected
    market.amend(side, {change.field: change.needed})
    market.clear()
    assert len(market.explained(Lot).partners) == 1


def test_a_quantity_to_be_raised_is_that_of_the_whole_order(market: Market) -> None:
    market.post({"quantity_kg": 100}, {"quantity_kg": 120})
    market.clear()
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=90, multiple_kg=30)
    market.clear()
    (miss,) = market.explained(Demand).misses
    assert (miss.change.field, miss.change.now, miss.change.needed) == ("quantity_kg", "120", "130")
    market.amend("demand", {"quantity_kg": "130"})
    market.clear()
    assert len(market.explained(Demand).partners) == 2


def test_an_order_whose_minimum_and_price_keep_another_apart_is_no_near_miss(market: Market) -> None:
    market.post({"quantity_kg": 90, "multiple_kg": 30, "ask": 39_900}, {"quantity_kg": 20})
    market.clear()
    said = market.explained(Lot)
    assert (said.blocked, said.blocked_only, said.misses) == ({"price": 1, "minimum": 1}, {}, [])


@pytest.mark.parametrize(
    ("offered", "wanted", "short"),
    [
        ({"quantity_kg": 101, "multiple_kg": 13}, {"quantity_kg": 91}, {Lot}),
        ({"quantity_kg": 101, "min_take_kg": 20}, {"quantity_kg": 91}, {Lot}),
        ({"quantity_kg": 101}, {"quantity_kg": 91}, set()),
        ({"quantity_kg": 101}, {"quantity_kg": 111, "min_take_kg": 20}, {Demand}),
        ({"quantity_kg": 101}, {"quantity_kg": 111, "min_take_kg": 10}, set()),
        ({"quantity_kg": 26, "multiple_kg": 13}, {"quantity_kg": 26}, set()),
    ],
)
def test_what_is_left_of_an_order_below_its_own_smallest_part_is_refused_for_a_minimum(
    market: Market, offered: dict[str, Any], wanted: dict[str, Any], short: set[type]
) -> None:
    market.post(offered, wanted)
    market.clear()
    assert len(market.explained(Lot).partners) == 1
    assert {kind for kind in (Lot, Demand) if market.explained(kind).refused_for_minimum} == short


def test_a_demand_with_as_many_sellers_as_it_allows_is_told_how_to_trade_again(market: Market) -> None:
    market.post({"quantity_kg": 100}, {"quantity_kg": 500, "max_sellers": 1})
    market.clear()
    said = market.explained(Demand)
    assert (len(said.partners), said.misses, said.outbid) == (1, [], None)
    change = said.sellers_used_up
    assert change is not None
    assert (change.side, change.field, change.now, change.needed) == ("demand", "max_sellers", 1, 2)
    assert market.explained(Lot).sellers_used_up is None
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=100)
    market.clear()
    assert len(market.explained(Demand).partners) == 1, "no other may come"
    market.amend("demand", {change.field: change.needed})
    market.clear()
    assert len(market.explained(Demand).partners) == 2


def test_a_demand_with_as_many_sellers_as_any_may_allow_is_told_to_lift_the_limit(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError):
        DemandPost.model_validate(demand_body(max_sellers=MOST_SELLERS + 1))
    # As if one were the most that a post may name; a thousand matches take long.
    monkeypatch.setattr("matcher.trading.explain.explain.MOST_SELLERS", 1)
    market.post({"quantity_kg": 100}, {"quantity_kg": 500, "max_sellers": 1})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=100)
    market.clear()
    change = market.explained(Demand).sellers_used_up
    assert change is not None
    assert (change.field, change.now, change.needed) == ("max_sellers", 1, None)
    assert (change.vi, change.en) == ("bỏ giới hạn số lô của bên bán", "lift the limit of sellers")
    market.amend("demand", {change.field: change.needed})
    market.clear()
    assert len(market.explained(Demand).partners) == 2


def test_a_demand_that_still_allows_a_seller_is_told_nothing_of_sellers(market: Market) -> None:
    market.post({"quantity_kg": 100}, {"quantity_kg": 500, "max_sellers": 2})
    with market.ledger.transaction() as session:
        free = demand(session, market.buyer, market.knowledge, bid=1)
    market.clear()
    assert market.explained(Demand).sellers_used_up is None
    with market.ledger.transaction() as session:
        said = explain(session, session.get_one(Demand, free.id), market.knowledge.catalogue)
    assert said.sellers_used_up is None

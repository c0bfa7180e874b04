"""Why not: every reason is true of the stored input, and every change that is named would do."""

from typing import Any

import pytest
from hypothesis import given as having
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.settings import Settings
from matcher import clearing as core
from matcher.book.demands import amend_demand
from matcher.book.lots import amend_lot
from matcher.contracts.life import decline
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Clearing, Contract, Demand, Lot, Party
from matcher.trading.clear import clear
from matcher.trading.explain.explain import explain
from matcher.trading.explain.explanation import Explanation
from matcher.trading.explain.outbid import least_that
from matcher.trading.record.record import unpack
from tests.market import day, demand, lot, party

VIETGAP = {"scheme": "vietgap", "number": "1", "valid_from": day(-99), "valid_until": day(-1)}

APART: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "price": ({"ask": 39_900}, {"bid": 40_000}),
    "distance": ({}, {"max_distance_km": 100}),
    "grade": ({"grade": "grade_3"}, {"min_grade": "grade_1"}),
    "variety": ({"variety": "na_dai"}, {"varieties": ["na_bo"]}),
    "ocop": ({"ocop_stars": 3}, {"min_ocop_stars": 4}),
    "window": ({"harvest_from": day(3), "harvest_until": day(3)}, {"deliver_until": day(2)}),
    "freshness": ({}, {"min_shelf_life_days": 7}),
    "certificate": ({"certificates": [VIETGAP]}, {"certificates_required": ["vietgap"]}),
}


class Market:
    """One lot and one demand, cleared and explained."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        with ledger.transaction() as session:
            self.seller, self.buyer = party(session, "producer"), party(session, "buyer")

    def post(self, lot_changes: dict[str, Any], demand_changes: dict[str, Any]) -> None:
        with self.ledger.transaction() as session:
            self.lot = lot(session, self.seller, self.knowledge, **lot_changes)
            self.demand = demand(session, self.buyer, self.knowledge, **demand_changes)

    def clear(self) -> None:
        with self.ledger.transaction() as session:
            clear(session, "custard_apple", self.knowledge, self.settings)

    def explained(self, kind: type[Lot] | type[Demand]) -> Explanation:
        with self.ledger.transaction() as session:
            if kind is Lot:
                return explain(session, session.get_one(Lot, self.lot.id), self.knowledge.catalogue)
            return explain(session, session.get_one(Demand, self.demand.id), self.knowledge.catalogue)

    def amend(self, side: str, changes: dict[str, Any]) -> None:
        with self.ledger.transaction() as session:
            if side == "lot":
                amend_lot(session, self.seller, self.lot.id, changes, None, self.knowledge)
            else:
                amend_demand(session, self.buyer, self.demand.id, changes, None, self.knowledge)


@pytest.fixture
def market(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    return Market(ledger, knowledge, settings)


@pytest.mark.parametrize("kind", [Lot, Demand])
@pytest.mark.parametrize("code", APART)
def test_the_rule_that_keeps_two_apart_is_named_and_its_change_lets_them_trade(
    market: Market, code: str, kind: type[Lot] | type[Demand]
) -> None:
    market.post(*APART[code])
    market.clear()
    said = market.explained(kind)
    assert (said.considered, said.possible, said.partners) == (1, 0, [])
    assert said.blocked == said.blocked_only == {code: 1}
    (miss,) = said.misses
    assert miss.rule == code
    change = miss.change
    if code == "certificate":
        changes: dict[str, Any] = {"certificates": [VIETGAP | {"valid_until": change.needed}]}
    else:
        changes = {change.field: change.needed}
    market.amend(change.side, changes)
    market.clear()
    assert len(market.explained(kind).partners) == 1


@pytest.mark.parametrize("code", ["price", "distance"])
def test_no_smaller_change_would_do(market: Market, code: str) -> None:
    market.post(*APART[code])
    market.clear()
    change = market.explained(Lot).misses[0].change
    assert isinstance(change.needed, int)
    assert isinstance(change.now, int)
    less = change.needed + (1 if change.needed < change.now else -1)
    market.amend(change.side, {change.field: less})
    market.clear()
    assert market.explained(Lot).partners == []


def test_a_pair_that_breaks_several_rules_is_counted_under_each_and_is_no_near_miss(market: Market) -> None:
    market.post({"grade": "grade_3", "ask": 39_900}, {"min_grade": "grade_1"})
    market.clear()
    said = market.explained(Lot)
    assert said.blocked == {"grade": 1, "price": 1}
    assert said.blocked_only == {}
    assert said.misses == []


def test_before_any_clearing_there_is_nothing_to_tell(market: Market) -> None:
    market.post({}, {})
    assert market.explained(Lot).clearing_id is None


def test_a_match_is_told_with_its_arithmetic(market: Market) -> None:
    market.post({}, {"quantity_kg": 400})
    market.clear()
    (match,) = market.explained(Lot).partners
    assert match == market.explained(Demand).partners[0]
    assert match.value == match.bid - match.ask - match.transport - match.freshness_penalty
    assert market.explained(Lot).remaining_kg == 600


def test_a_match_whose_contract_was_declined_is_no_partner_any_more(market: Market) -> None:
    market.post({}, {"quantity_kg": 400})
    market.clear()
    with market.ledger.transaction() as session:
        contract_id = session.scalars(select(Contract.id)).one()
        decline(session, contract_id, session.get_one(Party, market.buyer.id), "Giá đã đổi")
    for kind in (Lot, Demand):
        assert market.explained(kind).partners == []
    assert market.explained(Demand).remaining_kg == 400


def test_who_was_outbid_is_told_the_least_cut_that_trades(market: Market) -> None:
    market.post({"ask": 30_000}, {})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, ask=25_000)
    market.clear()
    said = market.explained(Lot)
    assert (said.possible, said.partners, said.misses) == (1, [], [])
    assert said.outbid is not None
    assert said.outbid.needed == 25_000, "it was posted first, and so wins the tie"
    assert cleared_with(market, ask=25_000) == 1_000_000
    assert cleared_with(market, ask=25_001) == 0


def cleared_with(market: Market, ask: int) -> int:
    """Grams that the market's lot trades in the stored clearing, were its ask another."""
    with market.ledger.transaction() as session:
        given = unpack(session.scalars(select(Clearing.input)).one())
    place = given.lot_ids.index(str(market.lot.id))
    asks = given.lots.ask.copy()
    asks[place] = ask
    lots = core.Lots(**{name: getattr(given.lots, name) for name in core.Lots.COLUMNS} | {"ask": asks})
    again = core.clear(lots, given.demands, given.terms, given.declined)
    return int(again.quantity[again.lot == place].sum())


def test_a_demand_whose_minimum_fill_was_not_met_is_told_so(market: Market) -> None:
    market.post({"quantity_kg": 300}, {"quantity_kg": 1000, "min_fill_kg": 500})
    market.clear()
    assert market.explained(Demand).partners == []
    assert market.explained(Demand).refused_for_minimum


WORDS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "grade": (
        {"grade": "grade_3"}, {"min_grade": "grade_1"},
        "nhận Loại 3 (10–15 quả một kg)", "accept Grade 3 (10–15 to a kg)",
    ),
    "variety": (
        {"variety": "na_dai"}, {"varieties": ["na_bo"]},
        "nhận thêm giống Na dai", "accept Chewy custard apple too",
    ),
    "a variety not told": (
        {}, {"varieties": ["na_bo", "na_dai"]},
        "ghi rõ giống: Na dai hoặc Na bở", "say that it is Chewy custard apple or Mealy custard apple",
    ),
    "no OCOP stars": ({}, {"min_ocop_stars": 4}, "không đòi sao OCOP", "ask for no OCOP stars"),
    "one OCOP star": ({"ocop_stars": 1}, {"min_ocop_stars": 4}, "nhận 1 sao OCOP", "accept 1 OCOP star"),
    "one day later": (
        {"harvest_from": day(3), "harvest_until": day(3)}, {"deliver_until": day(2)},
        "nhận muộn thêm 1 ngày", "accept delivery 1 day later",
    ),
    "two days later": (
        {"harvest_from": day(4), "harvest_until": day(4)}, {"deliver_until": day(2)},
        "nhận muộn thêm 2 ngày", "accept delivery 2 days later",
    ),
    "one day before": (
        {"certificates": [VIETGAP | {"valid_until": day(0)}]},
        {"certificates_required": ["vietgap"], "deliver_from": day(1)},
        "chứng nhận VietGAP hết hạn 1 ngày trước ngày giao",
        "the VietGAP certificate ends 1 day before delivery",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_a_change_is_told_in_the_catalogues_words_and_counts_one_day_as_one(
    market: Market, case: str
) -> None:
    offered, wanted, vi, en = WORDS[case]
    market.post(offered, wanted)
    market.clear()
    (miss,) = market.explained(Lot).misses
    assert (miss.change.vi, miss.change.en) == (vi, en)


@pytest.mark.parametrize("missing", [["vietgap"], ["organic_vn", "vietgap"]])
def test_certificates_that_are_not_held_are_asked_for_as_such(market: Market, missing: list[str]) -> None:
    valid = VIETGAP | {"valid_until": day(99)}
    held = valid | {"scheme": "haccp"}
    market.post({"certificates": [held]}, {"certificates_required": ["haccp", *missing]})
    market.clear()
    (miss,) = market.explained(Lot).misses
    change = miss.change
    assert isinstance(change.needed, list)
    assert (change.field, change.now) == ("certificates", ["haccp"])
    assert sorted(change.needed) == sorted(["haccp", *missing])
    assert ("Organic (TCVN 11041) and VietGAP" in change.en) == (len(missing) == 2)
    market.amend("lot", {"certificates": [valid | {"scheme": scheme} for scheme in change.needed]})
    market.clear()
    assert len(market.explained(Lot).partners) == 1


@having(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
@hypothesis_settings(max_examples=300, deadline=None)
def test_the_least_that_holds_is_found(least: int, threshold: int, most: int) -> None:
    expected = max(least, threshold)
    assert least_that(lambda number: number >= threshold, least, most) == (
        expected if expected <= most else None
    )

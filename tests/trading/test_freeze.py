"""A match is tentative until its freeze: it moves with the market, and takes nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from config.settings import Settings
from matcher.book.orders import books_due, withdraw
from matcher.clock import VIETNAM, now
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Book, Clearing, Contract, Demand, Lot, Match, Notice, TentativeMatch
from matcher.trading.clear import clear
from matcher.trading.freeze import next_call
from matcher.trading.outlook import Outlook, outlook
from tests.market import day, demand, lot, party

Tables = type[Lot] | type[Demand]


def with_hold(knowledge: Knowledge, **changes: Any) -> Knowledge:
    """The same knowledge, with a custard apple of another hold or other calls."""
    crops = dict(knowledge.catalogue.crops)
    crops["custard_apple"] = crops["custard_apple"].model_copy(update=changes)
    return replace(knowledge, catalogue=replace(knowledge.catalogue, crops=crops))


class Market:
    """One seller and one buyer in a market that holds custard apple for half an hour."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.settings = ledger, settings
        self.knowledge = with_hold(knowledge, hold_minutes=30)
        with ledger.transaction() as session:
            self.seller, self.buyer = party(session, "producer"), party(session, "buyer")

    def post(self, lot_changes: dict[str, Any], demand_changes: dict[str, Any]) -> tuple[Lot, Demand]:
        with self.ledger.transaction() as session:
            return (
                lot(session, self.seller, self.knowledge, **lot_changes),
                demand(session, self.buyer, self.knowledge, **demand_changes),
            )

    def clear(self) -> Clearing | None:
        with self.ledger.transaction() as session:
            return clear(session, "custard_apple", self.knowledge, self.settings)

    def count(self, table: Any) -> int:
        with self.ledger.transaction() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def let_pass(self, minutes: int) -> None:
        """Moves all that was posted and all freezes into the past, as if so much time had gone by."""
        ago = timedelta(minutes=minutes)
        with self.ledger.transaction() as session:
            for table in (Lot, Demand):
                session.execute(update(table).values(changed_at=table.changed_at - ago))
            session.execute(update(TentativeMatch).values(freeze_at=TentativeMatch.freeze_at - ago))
            session.execute(update(Book).values(freeze_at=Book.freeze_at - ago))

    def due(self) -> list[str]:
        with self.ledger.transaction() as session:
            return list(books_due(session, now()))

    def outlook(self, order: Lot | Demand) -> Outlook:
        with self.ledger.transaction() as session:
            return outlook(session, order)


@pytest.fixture
def market(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    return Market(ledger, knowledge, settings)


def test_within_the_hold_nothing_is_taken_and_nobody_is_told(market: Market) -> None:
    offered, wanted = market.post({}, {"quantity_kg": 600})
    assert market.outlook(offered).cleared_at is None
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match, Contract, Notice)] == [1, 0, 0, 0]
    for order in (offered, wanted):
        seen = market.outlook(order)
        assert seen.quantity_kg == 600
        assert seen.partners == 1
        assert seen.price_from == seen.price_until
        assert seen.first_freeze_at is not None
        assert seen.cleared_at is not None
        assert now() - seen.cleared_at < timedelta(minutes=1)
        assert timedelta(minutes=29) < seen.first_freeze_at - now() <= timedelta(minutes=30)
    assert market.due() == []


def test_when_the_hold_is_over_the_book_is_due_and_the_match_is_made(market: Market) -> None:
    market.post({}, {})
    market.clear()
    market.let_pass(31)
    assert market.due() == ["custard_apple"]
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match, Contract, Notice)] == [0, 1, 1, 2]
    assert market.due() == []
    assert market.clear() is None


def test_a_better_partner_that_comes_within_the_hold_takes_the_place(market: Market) -> None:
    market.post({"ask": 25_000}, {})
    market.clear()
    with market.ledger.transaction() as session:
        better = lot(session, market.seller, market.knowledge, ask=20_000)
    market.clear()
    market.let_pass(31)
    market.clear()
    with market.ledger.transaction() as session:
        assert session.scalars(select(Match.lot_id)).all() == [better.id]


@pytest.mark.parametrize("side", ["lot", "demand"])
def test_who_must_know_sooner_is_matched_sooner(market: Market, side: str) -> None:
    sooner = {"decide_by": (now() - timedelta(seconds=1)).isoformat()}
    market.post(sooner if side == "lot" else {}, sooner if side == "demand" else {})
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match)] == [0, 1]


def test_a_withdrawn_partner_leaves_the_outlook(market: Market) -> None:
    offered, wanted = market.post({}, {})
    market.clear()
    with market.ledger.transaction() as session:
        withdraw(session, Demand, wanted.id, market.buyer)
    market.clear()
    assert market.outlook(offered).quantity_kg == 0
    assert market.count(TentativeMatch) == 0


def test_the_matches_of_one_minimum_fill_freeze_together(market: Market) -> None:
    hurried = {"decide_by": (now() - timedelta(seconds=1)).isoformat()}
    market.post(hurried | {"quantity_kg": 400}, {"min_fill_kg": 700})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=400)
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match)] == [0, 2]


def test_without_a_minimum_fill_each_match_has_its_own_freeze(market: Market) -> None:
    hurried = {"decide_by": (now() - timedelta(seconds=1)).isoformat()}
    market.post(hurried | {"quantity_kg": 400}, {})
    with market.ledger.transaction() as session:
        lot(session, market.seller, market.knowledge, quantity_kg=400)
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match)] == [1, 1]
    market.let_pass(31)
    market.clear()
    assert [market.count(table) for table in (TentativeMatch, Match)] == [0, 2]


def test_a_match_freezes_while_its_goods_can_still_leave_fresh(market: Market) -> None:
    market.knowledge = with_hold(market.knowledge, hold_minutes=7 * 24 * 60)
    offered, _ = market.post({"harvest_from": day(2), "harvest_until": day(2)}, {"deliver_until": day(4)})
    market.clear()
    seen = market.outlook(offered)
    crop = market.knowledge.catalogue.crop("custard_apple")
    hours = crop.contract_deadline_hours or market.settings.contract_deadline_hours
    assert seen.first_freeze_at is not None
    leaves = seen.first_freeze_at + timedelta(hours=hours)
    departure = market.knowledge.catalogue.tariff.departure_hour
    assert leaves.astimezone(VIETNAM).hour == departure % 24
    assert now() < leaves <= datetime.combine(datetime.fromisoformat(day(4)), time.max, VIETNAM)


def test_a_clearing_that_decided_nothing_is_forgotten_at_the_next(market: Market) -> None:
    market.post({}, {})
    first = market.clear()
    market.post({}, {})
    second = market.clear()
    assert first is not None
    assert second is not None
    with market.ledger.transaction() as session:
        assert session.scalars(select(Clearing.id)).all() == [second.id]


def test_a_crop_with_calls_freezes_at_the_next_of_them(market: Market) -> None:
    market.knowledge = with_hold(market.knowledge, hold_minutes=None, calls=("06:00", "14:00"))
    offered, _ = market.post({}, {"deliver_until": day(3)})
    market.clear()
    freeze = market.outlook(offered).first_freeze_at
    assert freeze is not None
    assert freeze.astimezone(VIETNAM).time() in (time(6), time(14))
    assert now() <= freeze <= now() + timedelta(hours=24)


instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(VIETNAM))  # noqa: DTZ001


@given(instants, st.lists(st.times(), min_size=1, max_size=4))
def test_the_next_call_is_the_first_that_has_not_passed(begun: datetime, calls: list[time]) -> None:
    found = next_call(calls, begun)
    assert begun <= found <= begun + timedelta(hours=24)
    assert found.timetz().replace(tzinfo=None) in calls
    every: Callable[[time], datetime] = lambda at: datetime.combine(begun.date(), at, VIETNAM)  # noqa: E731
    assert not any(begun <= every(at) < found for at in calls)

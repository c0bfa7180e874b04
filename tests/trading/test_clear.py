"""A clearing written down: all of it or nothing, and never more than there is."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from matcher.book.demands import amend_demand
from matcher.book.lots import amend_lot
from matcher.clock import VIETNAM, today
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring
from matcher.store.tables import (
    Book,
    Clearing,
    Contract,
    ContractSeries,
    Demand,
    Document,
    Event,
    Lot,
    Match,
    Notice,
    Party,
)
from matcher.trading.clear import clear
from tests.market import day, demand, lot, party
from tests.trading.invariants import broken

CROPS = ("custard_apple", "longan", "lychee", "mango")
Clear = Callable[..., Clearing | None]


@pytest.fixture
def clear_book(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Clear:
    """Clears a book in a transaction of its own."""

    def clear_one(crop: str = "custard_apple", on: Ledger = ledger) -> Clearing | None:
        with on.transaction() as session:
            return clear(session, crop, knowledge, settings)

    return clear_one


@pytest.fixture
def parties(ledger: Ledger) -> tuple[Party, Party]:
    with ledger.transaction() as session:
        return party(session, "producer"), party(session, "buyer", email="mua@example.vn")


def count(ledger: Ledger, table: type[Any]) -> int:
    with ledger.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_failure_at_any_step_leaves_nothing_behind_and_the_next_clearing_does_it_all(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        lot(session, seller, knowledge)
        demand(session, buyer, knowledge)
        session.execute(
            text("""
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$""")
        )
    rung: list[Ring] = []
    listening = Ledger(settings, rung.extend)
    for table in ("match", "contract", "document", "event", "notice", "delivery", "book"):
        with failing(ledger, table), pytest.raises(DBAPIError, match="no more"):
            clear_book(on=listening)
        for kind in (Clearing, Match, Contract, ContractSeries, Document, Event, Notice):
            assert count(ledger, kind) == 0, (table, kind)
        with ledger.transaction() as session:
            book = session.get_one(Book, "custard_apple")
            assert (book.version, book.cleared_version) == (2, 0)
            assert [*session.scalars(select(Lot.taken_g)), *session.scalars(select(Demand.taken_g))] == [0, 0]
    assert rung == []
    assert clear_book(on=listening) is not None
    assert {ring.task for ring in rung} == {"render", "deliver"}
    assert count(ledger, Match) == count(ledger, Contract) == 1
    assert broken(ledger) == {}
    listening.engine.dispose()


@contextmanager
def failing(ledger: Ledger, table: str) -> Iterator[None]:
    """Has the database fail every statement that writes to the table."""
    with ledger.transaction() as session:
        session.execute(
            text(f"""
            CREATE TRIGGER failing AFTER INSERT OR UPDATE ON "{table}" EXECUTE FUNCTION fail()""")
        )
    yield
    with ledger.transaction() as session:
        session.execute(text(f'DROP TRIGGER failing ON "{table}"'))


def test_a_match_takes_from_both_sides_drafts_a_contract_and_tells_both(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        offered = lot(session, seller, knowledge, quantity_kg="1000.5")
        wanted = demand(session, buyer, knowledge, quantity_kg="400.125")
    clear_book()
    with ledger.transaction() as session:
        match = session.scalars(select(Match)).one()
        contract = session.scalars(select(Contract)).one()
        assert (match.lot_id, match.demand_id, match.quantity_g) == (offered.id, wanted.id, 400_125)
        assert session.get_one(Lot, offered.id).remaining_g == 600_375
        assert session.get_one(Lot, offered.id).state == "open"
        assert session.get_one(Demand, wanted.id).state == "filled"
        assert contract.terms["quantity_kg"] == "400.125"
        assert contract.terms["amount"] == (400_125 * match.price + 500) // 1000
        assert contract.number == f"0001/{contract.year}/HĐMB-LS"
        assert {notice.party_id for notice in session.scalars(select(Notice))} == {seller.id, buyer.id}
    assert broken(ledger) == {}


orders = st.lists(
    st.tuples(st.integers(1, 900_000), st.integers(18, 42), st.integers(0, 3)), min_size=1, max_size=7
)


@given(lots=orders, demands=orders, later=orders)
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_books_nothing_is_taken_that_is_not_there(
    ledger: Ledger,
    knowledge: Knowledge,
    parties: tuple[Party, Party],
    clear_book: Clear,
    lots: list[Any],
    demands: list[Any],
    later: list[Any],
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        session.execute(update(Lot).values(state="withdrawn").where(Lot.state == "open"))
        session.execute(update(Demand).values(state="withdrawn").where(Demand.state == "open"))
        for grams, price, least in lots:
            lot(session, seller, knowledge, **said(grams, least), ask=price * 1000)
        for grams, price, least in demands:
            demand(session, buyer, knowledge, **said(grams, least), bid=price * 1000, max_sellers=1 + least)
    clear_book()
    with ledger.transaction() as session:
        for grams, price, least in later:
            demand(session, buyer, knowledge, **said(grams, least), bid=price * 1000)
    clear_book()
    assert broken(ledger) == {}


def said(grams: int, part: int) -> dict[str, str]:
    return {"quantity_kg": f"{grams / 1000:.3f}", "min_take_kg": f"{grams * part // 4 / 1000:.3f}"}


def test_contract_numbers_have_neither_gaps_nor_doubles_though_books_clear_at_once_and_some_fail(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties

    def trade(number: int) -> None:
        crop = CROPS[number % len(CROPS)]
        with ledger.transaction() as session:
            lot(session, seller, knowledge, crop=crop, quantity_kg=200)
            for _ in range(2):
                demand(session, buyer, knowledge, crop=crop, quantity_kg=100)
        if number % 3 == 0:
            fail_after_clearing(crop)
        clear_book(crop)

    def fail_after_clearing(crop: str) -> None:
        with ledger.transaction() as session:
            clear(session, crop, knowledge, settings)
            session.rollback()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(trade, range(24)))
    for crop in CROPS:
        clear_book(crop)
    assert count(ledger, Contract) == 48
    assert broken(ledger) == {}


def test_an_order_that_cannot_be_read_is_set_aside_and_the_rest_of_its_book_trades(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    poison: list[tuple[type[Lot] | type[Demand], dict[str, Any]]] = [
        (Lot, {"grade": "grade_9"}),
        (Lot, {"certificates": [{"scheme": "vietgap"}]}),
        (Lot, {"ask": 10**10}),
        (Lot, {"latitude": 1e6}),
        (Demand, {"varieties": ["na_thai"]}),
        (Demand, {"max_sellers": 2**40}),
        (Demand, {"bid": 2**62}),
    ]
    with ledger.transaction() as session:
        operator = party(session, "operator")
        for table, columns in poison:
            order = (lot if table is Lot else demand)(session, (seller if table is Lot else buyer), knowledge)
            session.execute(update(table).where(table.id == order.id).values(columns))
        lot(session, seller, knowledge)
        demand(session, buyer, knowledge)
    written = clear_book()
    assert written is not None
    assert (written.lots, written.demands, written.matches) == (1, 1, 1)
    with ledger.transaction() as session:
        reasons = [*session.scalars(select(Lot.quarantine)), *session.scalars(select(Demand.quarantine))]
        assert len([reason for reason in reasons if reason]) == len(poison)
        told = session.scalars(select(Notice.party_id).join(Event).where(Event.kind == "order.quarantined"))
        assert sorted(told) == sorted([seller.id] * 4 + [buyer.id] * 3 + [operator.id] * 7)
    assert broken(ledger) == {}


def test_an_order_set_aside_trades_once_its_owner_has_mended_it(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        poisoned = lot(session, seller, knowledge)
        demand(session, buyer, knowledge)
        session.execute(update(Lot).values(grade="grade_9"))
    clear_book()
    assert count(ledger, Match) == 0
    with ledger.transaction() as session:
        amend_lot(session, seller, poisoned.id, {"grade": "grade_1"}, None, knowledge)
    clear_book()
    assert count(ledger, Match) == 1


def test_a_demand_that_lowers_its_sellers_below_those_it_has_buys_no_more_and_stops_nobody(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        for _ in range(3):
            lot(session, seller, knowledge, quantity_kg=100)
        wanted = demand(session, buyer, knowledge, max_sellers=5)
    clear_book()
    with ledger.transaction() as session:
        amend_demand(session, buyer, wanted.id, {"max_sellers": 1}, None, knowledge)
        lot(session, seller, knowledge, quantity_kg=100)
        demand(session, buyer, knowledge, quantity_kg=60)
    clear_book()
    with ledger.transaction() as session:
        assert session.get_one(Demand, wanted.id).taken_g == 300_000
    assert count(ledger, Match) == 4


@pytest.mark.parametrize("signature", ["declined", "lapsed"])
def test_a_pair_whose_contract_was_declined_or_lapsed_is_not_proposed_again(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear, signature: str
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        offered = lot(session, seller, knowledge, quantity_kg=1000)
        demand(session, buyer, knowledge, quantity_kg=400)
    clear_book()
    with ledger.transaction() as session:
        session.execute(update(Contract).values(signature=signature))
        wanted = session.scalars(select(Demand)).one()
        session.execute(update(Demand).values(quantity_g=800_000, state="open"))
        amend_demand(session, buyer, wanted.id, {"bid": 41_000}, None, knowledge)
    clear_book()
    assert count(ledger, Match) == 1
    with ledger.transaction() as session:
        other = lot(session, seller, knowledge, quantity_kg=100)
    clear_book()
    with ledger.transaction() as session:
        assert set(session.scalars(select(Match.lot_id))) == {offered.id, other.id}


def test_a_match_keeps_the_rules_of_the_moment_it_is_made_not_of_the_posting(
    ledger: Ledger, knowledge: Knowledge, parties: tuple[Party, Party], clear_book: Clear
) -> None:
    seller, buyer = parties
    held = {"scheme": "vietgap", "number": "1", "valid_from": day(-30)}
    with ledger.transaction() as session:
        late = lot(session, seller, knowledge, certificates=[held | {"valid_until": day(9)}])
        good = lot(session, seller, knowledge, certificates=[held | {"valid_until": day(9)}])
        demand(session, buyer, knowledge, quantity_kg=2000, certificates_required=["vietgap"])
        # As if the posting were days ago: the certificate has run out since.
        run_out = [held | {"valid_until": day(-1)}]
        session.execute(update(Lot).where(Lot.id == late.id).values(certificates=run_out))
    clear_book()
    with ledger.transaction() as session:
        assert session.scalars(select(Match.lot_id)).all() == [good.id]


def test_a_crop_without_a_book_has_nothing_to_clear(clear_book: Clear) -> None:
    assert clear_book("mango") is None
    assert clear_book("no such crop") is None


@pytest.mark.parametrize(("at", "matches"), [("09:59", 1), ("10:00", 0), ("23:59", 0)])
def test_goods_matched_after_the_trucks_have_left_do_not_arrive_on_the_same_day(
    at: str,
    matches: int,
    ledger: Ledger,
    knowledge: Knowledge,
    parties: tuple[Party, Party],
    clear_book: Clear,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seller, buyer = parties
    with ledger.transaction() as session:
        lot(session, seller, knowledge)
        demand(session, buyer, knowledge, deliver_until=day(0))
    instant = datetime.combine(today(), time.fromisoformat(at), VIETNAM)
    monkeypatch.setattr("matcher.trading.clear.now", lambda: instant)
    clear_book()
    assert count(ledger, Match) == matches

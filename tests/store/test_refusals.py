"""What the database itself refuses, whatever the code above it might do."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.identifiers import uuid7
from matcher.store.session import Ledger
from matcher.store.tables import (
    Book,
    Clearing,
    Contract,
    Delivery,
    Demand,
    Document,
    Event,
    Lot,
    Match,
    Notice,
)
from matcher.trading.clear import clear
from tests.market import demand, lot, party

Table = type[Any]


@pytest.fixture
def traded(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Ledger:
    """A ledger with one match of 600 kg out of a lot of 1,000 kg, its contract and its notices."""
    with ledger.transaction() as session:
        lot(session, party(session, "producer", email="ban@example.vn"), knowledge)
        demand(session, party(session, "buyer", email="mua@example.vn"), knowledge, quantity_kg=600)
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        assert written.matches == 1
    return ledger


def test_a_row_that_breaks_a_rule_is_refused(traded: Ledger) -> None:
    broken: list[tuple[Table, dict[str, Any], str]] = [
        (Lot, {"taken_g": 1_000_001}, "never_oversold"),
        (Lot, {"taken_g": -1}, "never_oversold"),
        (Lot, {"quantity_g": 599_999}, "never_oversold"),
        (Demand, {"taken_g": 600_001, "state": "open"}, "never_oversold"),
        (Lot, {"quantity_g": 0, "taken_g": 0, "state": "filled"}, "quantity_positive"),
        (Lot, {"taken_g": 1_000_000}, "filled_when_all_taken"),
        (Demand, {"state": "open"}, "filled_when_all_taken"),
        (Lot, {"state": "sold"}, "state_known"),
        (Lot, {"min_take_g": 1_000_001}, "min_take_within"),
        (Demand, {"min_fill_g": 600_001}, "min_fill_within"),
        (Lot, {"ask": -1}, "ask_not_negative"),
        (Lot, {"harvest_until": text("'infinity'")}, "harvest_in_order"),
        (Demand, {"deliver_from": text("'-infinity'")}, "delivery_in_order"),
        (Lot, {"expires_on": text("'infinity'")}, "days_readable"),
        (Demand, {"decide_by": text("'infinity'")}, "days_readable"),
        (Match, {"price": 19_999}, "price_between"),
        (Match, {"quantity_g": 0}, "quantity_positive"),
        (Clearing, {"welfare": Clearing.upper_bound + 1}, "welfare_within_bound"),
        (Book, {"cleared_version": Book.version + 1}, "cleared_not_ahead"),
        (Contract, {"signature": "signed"}, "signature_known"),
        (Document, {"content": b"half"}, "rendered_whole"),
        (Delivery, {"channel": "fax"}, "channel_known"),
    ]
    for table, changes, rule in broken:
        with (
            pytest.raises(IntegrityError, match=f'check constraint "{rule}"'),
            traded.transaction() as session,
        ):
            session.execute(update(table).values(changes))


def test_what_remains_is_always_the_quantity_less_what_is_taken(traded: Ledger) -> None:
    for table, remaining_g in ((Lot, 400_000), (Demand, 0)):
        with pytest.raises(ProgrammingError, match="remaining_g"), traded.transaction() as session:
            session.execute(update(table).values(remaining_g=5))
        with traded.transaction() as session:
            assert session.execute(select(table.taken_g, table.remaining_g)).one() == (600_000, remaining_g)


def test_a_second_of_what_there_is_once_is_refused(traded: Ledger) -> None:
    again = copy_of(traded, Clearing) | {"id": uuid7()}
    other = copy_of(traded, Match) | {"id": uuid7(), "clearing_id": again["id"]}
    with traded.transaction() as session:
        session.execute(insert(Clearing).values(again))
        session.execute(insert(Match).values(other))
    fresh = {"number": "2", "page_key": "2", "serial": 2, "match_id": other["id"]}
    twice: list[tuple[Table, dict[str, Any], str]] = [
        (Contract, {name: fresh[name] for name in fresh if name != "match_id"}, "contract_match_id_key"),
        (Contract, {name: fresh[name] for name in fresh if name != "number"}, "contract_number_key"),
        (
            Contract,
            {name: fresh[name] for name in fresh if name != "serial"},
            "contract_series_year_serial_key",
        ),
        (Contract, {name: fresh[name] for name in fresh if name != "page_key"}, "contract_page_key_key"),
        (Match, {"clearing_id": again["id"]}, "match_clearing_id_lot_id_demand_id_key"),
        (Event, {}, "event_kind_subject_id_subject_version_key"),
        (Notice, {}, "notice_event_id_party_id_key"),
        (Delivery, {}, "delivery_notice_id_channel_address_key"),
    ]
    for table, changes, rule in twice:
        copy = copy_of(traded, table) | {"id": uuid7()} | changes
        with pytest.raises(IntegrityError, match=rule), traded.transaction() as session:
            session.execute(insert(table).values(copy))


def copy_of(ledger: Ledger, table: Table) -> dict[str, Any]:
    """The columns of the first row."""
    with ledger.transaction() as session:
        row = session.scalars(select(table).order_by(table.id).limit(1)).one()
        return {column.key: getattr(row, column.key) for column in table.__table__.columns}


def test_a_contract_without_its_match_is_refused(traded: Ledger) -> None:
    with pytest.raises(IntegrityError, match="contract_match_id_fkey"), traded.transaction() as session:
        session.execute(update(Contract).values(match_id=uuid4()))
    with pytest.raises(IntegrityError, match="contract_match_id_fkey"), traded.transaction() as session:
        session.execute(text("DELETE FROM match"))

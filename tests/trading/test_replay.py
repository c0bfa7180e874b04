"""Any clearing can be run again from what it kept, and a change in what it kept is noticed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.settings import Settings
from matcher import clearing as core
from matcher.clearing import Terms
from matcher.errors import Conflict
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Clearing
from matcher.trading.clear import clear
from matcher.trading.record.record import _archive, unpack, unpack_result
from matcher.trading.record.replay import compare, prices, replay
from tests.market import demand, lot, party

orders = st.lists(st.tuples(st.integers(1, 900), st.integers(20_000, 40_000)), min_size=1, max_size=6)


def clear_some(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, lots: list[Any], demands: list[Any]
) -> Clearing:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        for kilograms, ask in lots:
            lot(session, seller, knowledge, quantity_kg=kilograms, ask=ask)
        for kilograms, bid in demands:
            demand(session, buyer, knowledge, quantity_kg=kilograms, bid=bid)
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        return written


@given(orders, orders)
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_stored_input_replays_to_the_stored_matches(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, lots: list[Any], demands: list[Any]
) -> None:
    written = clear_some(ledger, knowledge, settings, lots, demands)
    with ledger.transaction() as session:
        assert replay(session, written.id) == []


@pytest.mark.parametrize("column", ["quantity", "price", "demand_price"])
def test_a_result_that_was_altered_does_not_replay(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, column: str
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        kept = session.get_one(Clearing, written.id)
        altered = unpack_result(kept.result or b"")
        altered[column] = altered[column] + 1
        kept.result = _archive(altered)
    with ledger.transaction() as session:
        assert replay(session, written.id) == [column]


@pytest.mark.parametrize("read", [unpack, unpack_result])
@pytest.mark.parametrize("packed", [b"", b"PK\x03\x04", b"no archive at all"])
def test_bytes_that_are_no_archive_are_refused(read: Callable[[bytes], object], packed: bytes) -> None:
    with pytest.raises(ValueError, match="of a clearing"):
        read(packed)


def test_a_greater_share_for_sellers_moves_the_price_and_nothing_else(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        compared = compare(session, written.id, ["seller_share_percent=100"])
    was, changed = compared.recorded, compared.changed
    assert compared.anew == was
    assert changed.farm_gate_dong > was.farm_gate_dong
    assert (changed.matches, changed.value_dong, changed.tonne_km) == (
        was.matches,
        was.value_dong,
        was.tonne_km,
    )
    assert np.isclose(was.tonnes, 0.3)


def test_what_a_comparison_has_on_record_is_the_record_and_no_fresh_clearing(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        kept = session.get_one(Clearing, written.id)
        less = unpack_result(kept.result or b"")
        less["quantity"] = less["quantity"] // 2
        kept.result, kept.welfare = _archive(less), int(kept.welfare) // 2
    with ledger.transaction() as session:
        compared = compare(session, written.id, ["seller_share_percent=100"])
    recorded, anew = compared.recorded, compared.anew
    assert recorded.value_dong == int(written.welfare) // 2 // 1000
    assert (recorded.tonnes, anew.tonnes, compared.changed.tonnes) == (0.15, 0.3, 0.3)
    assert np.isclose(recorded.farm_gate_dong * 2, anew.farm_gate_dong)
    assert np.isclose(recorded.tonne_km * 2, anew.tonne_km)
    assert recorded.spoilage_percent == anew.spoilage_percent


@pytest.mark.parametrize("ask_again", [replay, prices, lambda session, id_: compare(session, id_, [])])
def test_a_clearing_without_its_result_is_refused(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, ask_again: Callable[..., object]
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        session.get_one(Clearing, written.id).result = None
    with ledger.transaction() as session, pytest.raises(Conflict, match="before results were kept"):
        ask_again(session, written.id)


def test_the_quantities_times_their_prices_are_what_the_book_is_worth_without_minimum_terms(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        # 490 kg can be sold of it: its price is above zero, and a quantity of 500 would be 10 kg too much.
        lot(session, seller, knowledge, quantity_kg=500, multiple_kg=70)
        for kilograms, bid in ((300, 40_000), (450, 39_000)):
            demand(session, buyer, knowledge, quantity_kg=kilograms, bid=bid)
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        listed = prices(session, written.id)
        book = unpack(session.get_one(Clearing, written.id).input)
    relaxation = core.clear(book.lots, book.demands, book.terms, book.declined).relaxation
    assert [(side, grams) for side, _, grams, _ in listed] == [
        ("lot", 490_000),
        ("demand", 300_000),
        ("demand", 450_000),
    ]
    assert sum(grams * price for _, _, grams, price in listed) == relaxation > int(written.welfare)


@pytest.mark.parametrize("end", range(2))
@pytest.mark.parametrize("name", [name for name in Terms.LIMITS if name != "today"])
def test_every_number_within_a_terms_limits_will_do(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, name: str, end: int
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        compared = compare(session, written.id, [f"{name}={Terms.LIMITS[name][end]}"])
    assert compared.anew == compared.recorded


@pytest.mark.parametrize(("day", "matches"), [("0001-01-01", 1), ("9999-12-31", 0)])
def test_another_day_is_a_date(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, day: str, matches: int
) -> None:
    written = clear_some(ledger, knowledge, settings, [(500, 20_000)], [(300, 40_000)])
    with ledger.transaction() as session:
        assert compare(session, written.id, [f"today={day}"]).changed.matches == matches

"""Any clearing can be run again from what it kept, and a change in what it kept is noticed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Clearing
from matcher.trading.clear import clear
from matcher.trading.record import _archive, unpack, unpack_result
from matcher.trading.replay import compare, replay
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
        was, changed = compare(session, written.id, {"seller_share_percent": "100"})
    assert changed.farm_gate_dong > was.farm_gate_dong
    assert (changed.matches, changed.value_dong, changed.tonne_km) == (
        was.matches,
        was.value_dong,
        was.tonne_km,
    )
    assert np.isclose(was.tonnes, 0.3)

"""Operators see which orders were set aside and on which error of ours; owners see why in plain words."""

import pytest
from sqlalchemy import update

from config.settings import Settings
from matcher.book.lots import lot_view
from matcher.errors import NotFound
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Event, Lot
from matcher.trading.clear import clear
from matcher.trading.quarantine import get_quarantined, quarantined, release
from tests.market import demand, lot, party


@pytest.fixture
def poisoned(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Lot:
    """A lot whose grade has gone from the catalogue, beside a demand for it; their book is cleared."""
    with ledger.transaction() as session:
        poisoned = lot(session, party(session, "producer", email="ban@example.vn"), knowledge)
        demand(session, party(session, "buyer"), knowledge)
        session.execute(update(Lot).values(grade="grade_9"))
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    return poisoned


def test_an_order_set_aside_keeps_its_traceback_for_operators(ledger: Ledger, poisoned: Lot) -> None:
    with ledger.transaction() as session:
        (found,) = quarantined(session)
    assert (found.id, found.order, found.reason) == (poisoned.id, "lot", "unreadable")
    assert found.error == "ValueError: 'grade_9' is not in list" or "grade_9" in found.error
    assert found.traceback.startswith("Traceback")
    assert "numbers.py" in found.traceback


def test_its_owner_is_told_why_in_two_languages_and_nothing_of_our_code(
    ledger: Ledger, poisoned: Lot
) -> None:
    with ledger.transaction() as session:
        said = lot_view(session.get_one(Lot, poisoned.id)).model_dump_json()
        event = session.query(Event).where(Event.kind == "order.quarantined").one()
        assert session.query(Delivery).count() == 1
    assert '"reason":"unreadable"' in said
    assert "check its variety" in said
    assert "hãy kiểm tra giống" in said
    assert event.data["reason"] == "unreadable"
    for told in (said, str(event.data)):
        assert "Traceback" not in told
        assert "Error" not in told


def test_an_order_released_trades_once_what_was_wrong_is_mended(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, poisoned: Lot
) -> None:
    with ledger.transaction() as session:
        session.execute(update(Lot).values(grade="grade_1"))
    with ledger.transaction() as session:
        assert release(session, poisoned.id).reason == "unreadable"
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        assert written.matches == 1
        assert quarantined(session) == []
        with pytest.raises(NotFound):
            release(session, poisoned.id)


def test_an_order_released_too_early_is_set_aside_again_and_its_owner_told_again(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, poisoned: Lot
) -> None:
    with ledger.transaction() as session:
        release(session, poisoned.id)
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with ledger.transaction() as session:
        assert get_quarantined(session, poisoned.id).quarantine == "unreadable"
        assert session.query(Event).where(Event.kind == "order.quarantined").count() == 2


def test_a_withdrawn_order_is_in_nobodys_list(ledger: Ledger, poisoned: Lot) -> None:
    with ledger.transaction() as session:
        session.execute(update(Lot).values(state="withdrawn"))
        assert quarantined(session) == []
        with pytest.raises(NotFound):
            get_quarantined(session, poisoned.id)

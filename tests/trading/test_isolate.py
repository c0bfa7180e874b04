"""An order that makes the clearing itself fail is found and set aside; the rest of its book trades."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import func, select

from config.settings import Settings
from matcher import clearing as core
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Event, Lot, Match
from matcher.trading.clear import clear
from matcher.trading.isolate import smallest
from tests.market import demand, lot, party

CURSED = 13_131  # an ask that the defect below can not bear


def defect(cleared: Callable[..., core.Clearing], asks: int) -> Callable[..., core.Clearing]:
    """The clearing with a defect: it fails when this many cursed lots or more are in the book."""

    def failing(lots: core.Lots, *others: Any) -> core.Clearing:
        if (lots.ask == CURSED).sum() >= asks:
            raise core.NotOptimal("the prices do not prove it")
        return cleared(lots, *others)

    return failing


@pytest.mark.parametrize(("asks", "set_aside"), [(1, 3), (2, 2), (3, 1)])
def test_the_orders_that_make_a_clearing_fail_are_set_aside_and_no_others(
    ledger: Ledger,
    knowledge: Knowledge,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    asks: int,
    set_aside: int,
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        for index in range(12):
            ask = CURSED if index % 4 == 1 else 20_000 + index
            lot(session, seller, knowledge, quantity_kg=10, ask=ask)
        demand(session, buyer, knowledge)
    monkeypatch.setattr(core, "clear", defect(core.clear, asks))
    with caplog.at_level(logging.ERROR), ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with ledger.transaction() as session:
        aside = session.scalars(select(Lot).where(Lot.quarantine.is_not(None))).all()
        assert [each.ask for each in aside] == [CURSED] * set_aside
        assert {each.quarantine for each in aside} == {"unclearable"}
        last_words = "NotOptimal: the prices do not prove it"
        assert all(last_words in str(each.quarantine_traceback) for each in aside)
        assert session.scalar(select(func.count()).select_from(Match)) == 12 - set_aside
        told = session.scalars(select(Event.subject_id).where(Event.kind == "order.quarantined")).all()
        assert set(told) == {each.id for each in aside}
    assert "Traceback" in caplog.text


def test_a_failure_that_is_no_orders_fault_is_raised(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge)
    monkeypatch.setattr(core, "clear", defect(core.clear, 0))
    with pytest.raises(core.NotOptimal), ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with ledger.transaction() as session:
        assert session.scalars(select(Lot.quarantine)).all() == [None]


culprit_sets = st.lists(st.sets(st.integers(0, 29), min_size=1, max_size=3), min_size=1, max_size=3)


@given(culprit_sets)
@how(deadline=None)
def test_what_is_found_cures_and_nothing_of_it_can_be_spared(culprits: list[set[int]]) -> None:
    """A book fails while any of the sets of culprits is in it whole."""
    asked = 0

    def cures(left_out: Any) -> bool:
        nonlocal asked
        asked += 1
        return all(each & set(left_out) for each in culprits)

    found = smallest(cures, range(30))
    assert cures(found)
    assert not any(cures([other for other in found if other != item]) for item in found)
    assert asked < 60

"""A short run of everything; the long one is `make chaos`."""

import io
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

import chaos.run
from chaos.checker import check
from chaos.run import lasting, not_replayed, run
from chaos.schedule import Fault
from chaos.violations import Violation
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Clearing
from tests.chaos.sound import connect, trade
from tests.servers.helpers import needs_death_signal

FAULTS = [
    Fault(1.0, "broker wiped", "broker", 0.0),
    Fault(1.5, "webhooks failing", "webhooks", 2.0),
    Fault(2.0, "database backends ended", "database", 0.0),
    Fault(3.0, "process killed", "web", 0.0),
    Fault(4.0, "database reset", "database link", 0.0),
    Fault(5.0, "process frozen", "notices", 2.0),
    Fault(6.0, "mail cut", "mail", 1.0),
]


@needs_death_signal
@pytest.mark.timeout(180)
@pytest.mark.slow
def test_a_handful_of_faults_under_load_break_nothing(tmp_path: Path) -> None:
    report = run(FAULTS, seed=1, minutes=0.2, folder=tmp_path)
    assert report.faults.total() == len(FAULTS)
    assert report.checks.total() == len(FAULTS)
    assert report.rows["match"] > 0
    assert report.violations == []
    assert report.broken.total() == 0
    assert report.tally.wrong == []


def test_what_is_due_for_a_moment_only_is_no_violation_and_what_stays_due_is(
    ledger: Ledger, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos.run, "MOMENT_SECONDS", 1)
    evidence = trade(ledger, knowledge)
    with connect(ledger.settings) as connection:
        connection.execute("UPDATE delivery SET state = 'due', delivered_at = NULL, due_at = now()")
        due = [each for each in check(connection, evidence) if each.invariant == "caught up"]
        gone = Violation("caught up", "delivery 1 is due since noon")
        assert due
        assert lasting(connection, [*due, gone]) == due


def test_a_clearing_that_does_not_come_out_as_it_is_stored_is_found(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    trade(ledger, knowledge)
    assert not_replayed(ledger.settings) == []
    with ledger.transaction() as session:
        clearing = session.scalars(select(Clearing)).one()
        assert clearing.result is not None
        with np.load(io.BytesIO(clearing.result)) as archive:
            columns = dict(archive)
        columns["quantity"] -= 1
        altered = io.BytesIO()
        np.savez(altered, **columns)
        clearing.result = altered.getvalue()
    assert {each.invariant for each in not_replayed(ledger.settings)} == {"I5"}

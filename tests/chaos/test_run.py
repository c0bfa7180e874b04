"""A short run of everything; the long one is `make chaos`."""

from pathlib import Path

import pytest

from chaos.run import run
from chaos.schedule import Fault
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

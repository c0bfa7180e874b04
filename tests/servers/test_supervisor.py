"""The supervisor, on small shell processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.helpers import eventually
from workers.processes import ServerError, running
from workers.supervisor import Supervisor

ENVIRONMENT = {"PATH": os.defpath}


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop(patience=1)


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def read_numbers(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()] if file.exists() else []


def test_a_process_that_ends_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start("short", shell("echo $$"), ENVIRONMENT)
    first, second = eventually(
        lambda: read_numbers(tmp_path / "short.log")[:2] if supervisor.deaths("short") > 1 else []
    )
    assert first != second


def test_a_process_that_is_killed_is_started_again_and_its_neighbour_is_left_alone(
    supervisor: Supervisor,
) -> None:
    supervisor.start("victim", ["sleep", "1000"], ENVIRONMENT)
    supervisor.start("neighbour", ["sleep", "1000"], ENVIRONMENT)
    victim, neighbour = supervisor.pid("victim"), supervisor.pid("neighbour")
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: supervisor.pid("victim") != victim)
    assert supervisor.pid("neighbour") == neighbour
    assert (supervisor.deaths("victim"), supervisor.deaths("neighbour")) == (1, 0)


def test_stop_leaves_neither_child_nor_grandchild(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start("parent", shell("sleep 1000 & echo $$ $!; wait"), ENVIRONMENT)
    pids = eventually(lambda: read_numbers(tmp_path / "parent.log"))
    assert len(pids) == 2
    supervisor.stop()
    eventually(lambda: not any(map(running, pids)))


def test_grandchildren_of_a_dead_process_go_before_it_starts_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start("parent", shell("sleep 1000 & echo $!; wait"), ENVIRONMENT)
    (grandchild,) = eventually(lambda: read_numbers(tmp_path / "parent.log"))
    os.kill(supervisor.pid("parent"), signal.SIGKILL)
    eventually(lambda: len(read_numbers(tmp_path / "parent.log")) == 2)
    eventually(lambda: not running(grandchild))


def test_a_process_that_does_not_heed_its_signals_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(
        "stubborn",
        shell("trap 'echo 15' TERM; trap 'echo 3' QUIT; echo $$; while :; do sleep 0.05; done"),
        ENVIRONMENT,
        stop_signals=(signal.SIGTERM, signal.SIGQUIT),
    )
    eventually(lambda: read_numbers(tmp_path / "stubborn.log"))
    supervisor.stop(patience=2)
    pid, *heard = read_numbers(tmp_path / "stubborn.log")
    assert heard == [signal.SIGTERM, signal.SIGQUIT]
    assert not running(pid)


def test_stop_does_not_wait_for_the_next_start(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start("short", shell("echo $$"), ENVIRONMENT)
    eventually(lambda: supervisor.deaths("short") == 1)
    supervisor.stop()
    assert len(read_numbers(tmp_path / "short.log")) == 1


def test_what_must_happen_before_a_start_happens_before_every_one(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    file = tmp_path / "prepared"

    def prepare() -> None:
        with file.open("a") as stream:
            stream.write("1 ")

    supervisor.start("checks", ["wc", "-w", str(file)], ENVIRONMENT, before_start=prepare)
    eventually(lambda: supervisor.deaths("checks") == 2)
    assert (tmp_path / "checks.log").read_text() == f"1 {file}\n2 {file}\n"


def test_a_program_that_does_not_exist_is_refused_by_name(supervisor: Supervisor) -> None:
    with pytest.raises(ServerError, match="web: there is no program 'no-such-program' on the PATH"):
        supervisor.start("web", ["no-such-program"], ENVIRONMENT)


def test_the_log_of_the_run_before_is_kept_once_and_is_private(tmp_path: Path) -> None:
    for run in ("first", "second", "third"):
        supervisor = Supervisor(tmp_path)
        supervisor.start("talker", shell(f"echo {run}; exec sleep 1000"), ENVIRONMENT)
        eventually((tmp_path / "talker.log").read_text)
        supervisor.stop()
    assert (tmp_path / "talker.log").read_text() == "third\n"
    assert (tmp_path / "talker.log.1").read_text() == "second\n"
    assert (tmp_path / "talker.log").stat().st_mode & 0o777 == 0o600

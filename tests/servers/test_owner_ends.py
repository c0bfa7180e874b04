"""What is left when the process that has the servers ends, by its own will or not."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.helpers import (
    ROOT,
    Owner,
    broker_answers,
    eventually,
    needs_death_signal,
    owner_process,
    run_sql,
    server_processes,
    settings_for,
)
from workers.processes import running
from workers.servers import ServerError, servers

ORDINARY_USER = 65534


def test_a_second_process_uses_the_servers_of_the_first_and_leaves_them_running(tmp_path: Path) -> None:
    with owner_process(tmp_path) as owner:
        with servers(settings_for(tmp_path)) as ready:
            assert (ready.database_url, ready.redis_url) == (owner.database_url, owner.redis_url)
        assert run_sql(owner.database_url, "SELECT 1") == [(1,)]
        assert broker_answers(owner.redis_url)


def test_a_server_that_the_owner_does_not_run_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with (
        servers(settings_for(tmp_path, database_url="postgresql+psycopg://a@b/c")),
        pytest.raises(ServerError, match=rf"Process {os.getpid()} .* no PostgreSQL .*MATCHER_DATABASE_URL"),
        servers(settings_for(tmp_path)),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signalled_owner_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with owner_process(tmp_path) as owner:
        owner.process.send_signal(number)
        assert owner.process.wait(30) == 0
        assert server_processes(tmp_path) == []
        assert not (tmp_path / "servers.json").exists()
        assert not (tmp_path / "postgresql" / "postmaster.pid").exists()


def test_after_a_killed_owner_the_next_has_its_data_and_its_urls(tmp_path: Path) -> None:
    with owner_process(tmp_path) as owner:
        _kill_after_writing(owner)
        with servers(settings_for(tmp_path), fsync="off") as ready:
            assert (ready.database_url, ready.redis_url) == (owner.database_url, owner.redis_url)
            assert run_sql(ready.database_url, "SELECT kg FROM lot") == [(250,)]


@needs_death_signal
def test_the_servers_of_a_killed_owner_end_by_themselves(tmp_path: Path) -> None:
    with owner_process(tmp_path) as owner:
        _kill_after_writing(owner)
        eventually(lambda: not server_processes(tmp_path))


def test_a_killed_broker_comes_back_where_it_was(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path, database_url="postgresql+psycopg://a@b/c")) as ready:
        (broker,) = server_processes(tmp_path)
        os.kill(broker, signal.SIGKILL)
        eventually(lambda: not running(broker))
        eventually(lambda: broker_answers(ready.redis_url))
    assert server_processes(tmp_path) == []


def test_a_killed_postmaster_comes_back_where_it_was_with_all_that_was_committed(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path, redis_url="redis://d"), fsync="off") as ready:
        run_sql(ready.database_url, "CREATE TABLE lot (kg int); INSERT INTO lot VALUES (250)")
        before = server_processes(tmp_path)
        os.kill(_postmaster(tmp_path), signal.SIGKILL)
        eventually(lambda: not set(before) & set(server_processes(tmp_path)))
        assert eventually(lambda: run_sql(ready.database_url, "SELECT kg FROM lot")) == [(250,)]
    assert server_processes(tmp_path) == []


@pytest.fixture
def ordinary_user() -> list[str]:
    """What to put before a command so that an ordinary user runs it, with no more than leave to read."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv to become an ordinary user with")
    read = "-all,+dac_read_search"
    become = ["--reuid", str(ORDINARY_USER), "--regid", str(ORDINARY_USER), "--clear-groups"]
    leave = ["--securebits", "+no_setuid_fixup", "--inh-caps", read, "--ambient-caps", read]
    prefix = [setpriv, *become, *leave, "--"]
    trial = [*prefix, sys.executable, "-c", "import config.settings"]
    if subprocess.run(trial, cwd=ROOT, check=False, capture_output=True).returncode != 0:
        pytest.skip("the ordinary user cannot read the interpreter or the project")
    return prefix


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of that user's; tmp_path is root's own."""
    with tempfile.TemporaryDirectory(prefix="matcher-") as name:
        if os.geteuid() == 0:
            os.chown(name, ORDINARY_USER, ORDINARY_USER)
        yield Path(name)


def test_an_ordinary_user_has_servers_too_and_a_signal_leaves_nothing(
    ordinary_user: list[str], ordinary_folder: Path
) -> None:
    with owner_process(ordinary_folder / "data", prefix=ordinary_user) as owner:
        assert run_sql(owner.database_url, "SELECT 1") == [(1,)]
        assert broker_answers(owner.redis_url)
        owner.process.terminate()
        assert owner.process.wait(30) == 0
        assert server_processes(ordinary_folder / "data") == []


def test_servers_that_outlive_their_owner_are_stopped_before_new_ones_start(
    ordinary_user: list[str], ordinary_folder: Path
) -> None:
    # Without setpriv on the PATH the servers do not hear of their owner's death, as on macOS.
    data, without = ordinary_folder / "data", {"PATH": "/nowhere"}
    with owner_process(data, prefix=ordinary_user, environment=without) as first:
        _kill_after_writing(first)
        orphans = server_processes(data)
        assert _postmaster(data) in orphans
        with owner_process(data, prefix=ordinary_user, environment=without) as second:
            assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
            assert not set(orphans) & set(server_processes(data))
            assert run_sql(second.database_url, "SELECT kg FROM lot") == [(250,)]


def _kill_after_writing(owner: Owner) -> None:
    run_sql(owner.database_url, "CREATE TABLE lot (kg int); INSERT INTO lot VALUES (250)")
    owner.process.kill()
    owner.process.wait(30)


def _postmaster(data_folder: Path) -> int:
    return int((data_folder / "postgresql" / "postmaster.pid").read_text().split()[0])

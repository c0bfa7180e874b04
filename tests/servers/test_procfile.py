"""Reading a Procfile, and running one beside the servers."""

import json
import socket
from pathlib import Path

import pytest

from config.settings import Settings
from matcher.errors import ConfigError
from tests.servers.helpers import eventually, needs_death_signal, owner_process, server_processes
from workers.processes import ServerError, find_processes, running
from workers.procfile import read_procfile, running_processes

PROCFILE = """\
# two processes
web: uvicorn --port $PORT 'matcher.api:app factory'  # behind it

worker: celery -A workers.app worker --hostname ${NAME}@%h
"""


def test_a_procfile_is_read_with_quotations_comments_and_variables(tmp_path: Path) -> None:
    file = tmp_path / "Procfile"
    file.write_text(PROCFILE)
    assert read_procfile(file, {"PORT": "8000", "NAME": "one"}) == {
        "web": ["uvicorn", "--port", "8000", "matcher.api:app factory"],
        "worker": ["celery", "-A", "workers.app", "worker", "--hostname", "one@%h"],
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("web uvicorn", "Procfile:1: 'web uvicorn' is not of the form `name: command`"),
        ("web:", "Procfile:1: 'web:' is not of the form"),
        ("a: b\na: c", "Procfile:2: the name a is there twice"),
        ("web: uvicorn --port $NO_SUCH", "Procfile:1: the variable 'NO_SUCH' is not set"),
        ("web: echo 'open", "Procfile:1: .*No closing quotation"),
        ("web: echo $", "Procfile:1: .*Invalid placeholder"),
    ],
)
def test_a_fault_in_a_procfile_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "Procfile"
    file.write_text(text)
    with pytest.raises(ConfigError, match=fault):
        read_procfile(file, {})


def test_a_procfile_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Procfile: cannot be read: No such file"):
        read_procfile(tmp_path / "Procfile", {})


SHOW = "python -c 'import json, os, time; print(json.dumps(dict(os.environ))); time.sleep(1000)'"


def test_the_processes_know_the_servers_and_end_before_them(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text(f"show: {SHOW}\nstay: sleep 98765$PORT\n")
    data = tmp_path / "data"
    with owner_process(data, tmp_path / "Procfile") as owner:
        log_file = data / "log" / "show.log"
        environment = json.loads(eventually(lambda: log_file.exists() and log_file.read_text().strip()) or "")
        assert environment["MATCHER_DATABASE_URL"] == owner.database_url
        assert environment["MATCHER_REDIS_URL"] == owner.redis_url
        assert environment["MATCHER_DATA_FOLDER"] == str(data)
        assert environment["PORT"] == environment["MATCHER_PORT"] == str(owner.port)
        (sleeper,) = find_processes("sleep", f"98765{owner.port}")
        owner.process.terminate()
        assert owner.process.wait(30) == 0
        assert not running(sleeper)
        assert server_processes(data) == []


@needs_death_signal
def test_the_processes_of_a_killed_owner_end_too_even_those_deaf_to_a_request(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("stay: env --ignore-signal=TERM sleep 98765$PORT\n")
    with owner_process(tmp_path / "data", tmp_path / "Procfile") as owner:
        mark = f"98765{owner.port}"
        assert len(find_processes("sleep", mark)) == 1
        owner.process.kill()
        owner.process.wait(30)
        eventually(lambda: not find_processes("sleep", mark))
        eventually(lambda: not server_processes(tmp_path / "data"))


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: sleep 60\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = Settings(data_folder=tmp_path, port=port)
        with pytest.raises(ServerError, match="MATCHER_PORT"), running_processes(procfile, settings):
            pass
    assert not (tmp_path / "log").exists()

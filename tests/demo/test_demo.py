"""`matcher demo`, as a newcomer runs it, but with its broker killed in the middle."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.servers.helpers import eventually, mark_of, run_sql
from workers.processes import find_processes


@pytest.mark.timeout(240)
def test_the_demo_ends_whole_though_its_broker_is_killed_in_the_middle(tmp_path: Path) -> None:
    environment = {**os.environ, "MATCHER_DATA_FOLDER": str(tmp_path / "data"), "TMPDIR": str(tmp_path)}
    output = tmp_path / "output"
    with output.open("w") as stdout:
        matcher = Path(sys.executable).parent / "matcher"
        demo = subprocess.Popen([matcher, "demo"], stdout=stdout, stderr=subprocess.STDOUT, env=environment)
        try:
            folder = eventually(lambda: next(tmp_path.glob("harvest-demo-*"), None), 60)
            assert folder is not None
            eventually(lambda: demo.poll() is not None or _lots(folder) > 100, 60)
            mark = mark_of(folder)
            (broker,) = find_processes("valkey-server", mark)
            os.kill(broker, signal.SIGKILL)
            assert demo.wait(200) == 0, output.read_text()
        finally:
            demo.terminate()
            demo.wait(30)
    assert "✗" not in output.read_text()
    assert "ĐẠI DIỆN BÊN B" in (tmp_path / "data" / "demo" / "contract.html").read_text()
    assert find_processes("", mark) == []


def _lots(folder: Path) -> int:
    try:
        servers = json.loads((folder / "servers.json").read_text())
        return int(run_sql(servers["database_url"], "SELECT count(*) FROM lot")[0][0])
    except psycopg.errors.UndefinedTable:
        return 0

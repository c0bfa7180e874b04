"""The database has no room left: nothing accepted is lost, and all is well once there is some again."""

import functools
import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from chaos.checker import check_always
from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Lot
from tests.api.conftest import Api
from tests.chaos.sound import connect
from tests.conftest import serving
from tests.market import lot_body
from tests.servers.helpers import eventually
from workers.servers import servers

DISK = 256 << 20  # bytes; a new cluster takes less than half


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file system of its own; skips where none may be mounted, which takes root."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(tmp_path)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def fill(ballast: Path) -> None:
    """Takes all the room there is."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return


def test_orders_are_refused_honestly_while_the_disk_is_full_and_taken_once_it_is_not(
    small_disk: Path, knowledge: Knowledge
) -> None:
    own = Settings(database_url=None, redis_url=None, data_folder=small_disk / "data")
    with servers(own) as running:
        ledger = Ledger(running)
        migrate(ledger)
        with serving(running, ledger, knowledge) as url, Api(url, ledger) as api:
            producer = api.as_new("producer")

            def post(key: str) -> bool:
                words = {**producer, "Idempotency-Key": key}
                answer = api.post("/v1/lots", json=lot_body(), headers=words)
                assert answer.status_code in (201, 503), answer.text
                return answer.status_code == 201

            fill(small_disk / "ballast")
            keys, refused = (f"key {number}" for number in itertools.count()), list[str]()
            accepted = 0
            while len(refused) < 5:
                key = next(keys)
                if post(key):
                    accepted += 1
                else:
                    refused.append(key)
            (small_disk / "ballast").unlink()
            for key in refused:
                eventually(functools.partial(post, key))
            with ledger.transaction() as session:
                assert session.scalar(select(func.count()).select_from(Lot)) == accepted + len(refused)
            with connect(running) as connection:
                assert check_always(connection) == []
            log = (running.data_folder / "log" / "postgresql.log").read_text()
            assert "No space left on device" in log
        ledger.engine.dispose()

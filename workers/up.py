"""The whole service on this machine: servers where none are named, tables, web, workers, scheduler."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx
from rich.console import Console

from config.settings import Settings
from matcher.clock import now
from matcher.knowledge import load_knowledge
from matcher.ops.heartbeat import alive
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from workers.procfile import read_procfile, running_processes, until_signalled
from workers.servers import ServerError, servers

PROCFILE = Path(__file__).parent.parent / "Procfile"
READY_WITHIN_SECONDS = 180.0  # the first start on a machine compiles the solver, a busy one takes long


@contextmanager
def running_service(settings: Settings, procfile: Path = PROCFILE) -> Iterator[Settings]:
    """Gives the settings, URLs and port filled, once every process answers; stops all of it on leaving.

    Raises ServerError, naming the log to read, when a process is not ready within three minutes.
    """
    with servers(settings) as with_servers:
        ledger, started_at = Ledger(with_servers), now()
        migrate(ledger)
        with running_processes(procfile, with_servers) as ready:
            _wait_until_ready(ready, ledger, started_at, expected=len(read_procfile(procfile, {})) - 1)
            ledger.engine.dispose()
            yield ready


def up(settings: Settings, console: Console) -> None:
    """Runs the service until Ctrl-C or SIGTERM, printing where everything is.

    Raises ConfigError before anything starts: a process that ends at once would be started again for ever.
    """
    load_knowledge(settings.config_folder)
    with until_signalled(), running_service(settings) as ready:
        address = f"http://{ready.host}:{ready.port}"
        console.print(f"Service     {address}/healthz", highlight=False)
        console.print(f"API         {address}/docs", highlight=False)
        console.print(f"PostgreSQL  {without_password(ready.database_url)}", highlight=False, soft_wrap=True)
        console.print(f"Broker      {without_password(ready.redis_url)}", highlight=False, soft_wrap=True)
        console.print(f"Logs        {ready.data_folder / 'log'}", highlight=False, soft_wrap=True)
        console.print(
            "Add a party with `.venv/bin/matcher party add producer 'Hợp tác xã …'`. Ctrl-C stops all."
        )
        while True:  # a signal that ends nothing, such as a terminal's new size, wakes it too
            signal.pause()


def without_password(url: str | None) -> str:
    """Where a server is, without who may use it: that is for no screen and no log."""
    scheme, _, place = (url or "").partition("://")
    return f"{scheme}://{place.partition('?')[0].rpartition('@')[2]}"


def _wait_until_ready(settings: Settings, ledger: Ledger, started_at: datetime, expected: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not (_web_answers(settings) and _count_alive(ledger, started_at) >= expected):
        if time.monotonic() > deadline:
            raise ServerError(
                f"Not ready within three minutes; the logs in {settings.data_folder / 'log'} say why"
            )
        time.sleep(0.1)


def _web_answers(settings: Settings) -> bool:
    try:
        return httpx.get(f"http://{settings.host}:{settings.port}/readyz", timeout=2).is_success
    except httpx.TransportError:
        return False


def _count_alive(ledger: Ledger, started_at: datetime) -> int:
    # Those of a run that was killed a moment ago seem alive for a while.
    with ledger.transaction() as session:
        return sum(each.beaten_at >= started_at for each in alive(session))

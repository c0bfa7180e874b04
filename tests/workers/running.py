"""Workers and schedulers as an operator starts them, each with its children in a process group of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings
from matcher.ops.heartbeat import alive
from matcher.store.session import Ledger
from tests.servers.helpers import ROOT, eventually
from workers.embedded import free_port
from workers.processes import bound_to_us

EVERY_QUEUE = "clearing,notices,documents,housekeeping"
Process = subprocess.Popen[bytes]


@contextmanager
def worker(
    settings: Settings, name: str, *, queues: str = EVERY_QUEUE, children: int = 1
) -> Iterator[Process]:
    """A worker; it may not be ready yet, see `wait_for_alive`."""
    words = ["worker", "-Q", queues, "-n", f"{name}@%h", "-c", str(children), "-l", "WARNING"]
    with _celery(settings, [*words, "--without-mingle", "--without-gossip"]) as process:
        yield process


@contextmanager
def scheduler(settings: Settings) -> Iterator[Process]:
    with _celery(settings, ["beat", "-S", "celery.beat:Scheduler", "-l", "WARNING", "--pidfile="]) as process:
        yield process


def kill(process: Process) -> None:
    """SIGKILL to a worker and all its children, who get no chance to say anything."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def wait_for_alive(ledger: Ledger, *names: str, schedulers: int = 0) -> None:
    """Returns once these workers, and so many schedulers, have been heard of."""

    def heard() -> bool:
        with ledger.transaction() as session:
            living = alive(session)
        workers = {each.name.partition("@")[0] for each in living if each.kind == "worker"}
        return workers >= set(names) and len(living) - len(workers) >= schedulers

    eventually(heard, 60)


@contextmanager
def _celery(settings: Settings, words: list[str]) -> Iterator[Process]:
    command = bound_to_us([sys.executable, "-m", "celery", "-A", "workers.app", *words], signal.SIGTERM)
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings.as_environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def flower(settings: Settings) -> Iterator[str]:
    """Flower, and where it will answer."""
    port = free_port()
    with _celery(settings, ["flower", "--address=127.0.0.1", f"--port={port}", "--logging=error"]):
        yield f"http://127.0.0.1:{port}"

"""Where the database and the broker are: the operator's own, or a PostgreSQL and a Valkey of ours."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.settings import Settings
from workers.processes import ServerError, running
from workers.supervisor import Supervisor

ATTACH_SECONDS = 150.0  # how long to wait for another process that is starting the same servers
NAMES = {"database_url": "PostgreSQL", "redis_url": "Valkey"}

__all__ = ["ServerError", "servers"]


@contextmanager
def servers(settings: Settings, **postgresql: str) -> Iterator[Settings]:
    """Gives the settings with both URLs filled, and the servers behind them running.

    With both URLs set nothing is started. Otherwise what is missing is started in `data_folder` and
    stopped on leaving; a server that is killed comes back by itself on the same port. When another process
    already runs the servers of this folder, its servers are used and left running.
    `postgresql` are further settings of that server, as fsync="off" for tests; they have no effect on
    servers that already run. Raises ServerError when a server cannot be had; its message says what to do.
    """
    missing = [name for name in NAMES if getattr(settings, name) is None]
    if not missing:
        yield settings
        return
    with contextlib.ExitStack() as on_leaving:
        try:
            folder = settings.data_folder.resolve()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            urls = _attach(folder, missing, on_leaving) or _start(folder, missing, postgresql, on_leaving)
        except OSError as error:
            raise ServerError(
                f"The data folder {settings.data_folder} cannot be used: {error}. Make room there, give it "
                "to the user who runs this, or set MATCHER_DATA_FOLDER to another"
            ) from error
        yield settings.model_copy(update={**urls, "data_folder": folder})


def _attach(folder: Path, missing: list[str], on_leaving: contextlib.ExitStack) -> dict[str, str] | None:
    """The URLs of the process that owns the folder, or None when we own it from now until `on_leaving`."""
    # Never removed: two processes could then hold two locks of one name. Closing it, or dying, gives it back.
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    on_leaving.callback(os.close, lock)
    deadline = time.monotonic() + ATTACH_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        urls = _urls_of_owner(folder / "servers.json", missing)
        if urls is not None:
            return urls
        time.sleep(0.05)
    raise ServerError(
        f"Another process has held {folder / 'lock'} for {ATTACH_SECONDS:.0f} s and its servers are not "
        "ready. Stop it, or set MATCHER_DATA_FOLDER to another folder"
    )


def _urls_of_owner(file: Path, missing: list[str]) -> dict[str, str] | None:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    if not running(found["owner"]):
        return None  # left by an owner that was killed; the next one is about to write its own
    for name in missing:
        if name not in found:
            raise ServerError(
                f"Process {found['owner']} uses the data folder {file.parent} but runs no {NAMES[name]} "
                f"there. Set MATCHER_{name.upper()} as it does, or set MATCHER_DATA_FOLDER to another folder"
            )
    return {name: found[name] for name in missing}


def _start(
    folder: Path, missing: list[str], postgresql: Mapping[str, str], on_leaving: contextlib.ExitStack
) -> dict[str, str]:
    """Starts the missing servers of a folder that is ours and tells others of them; undone `on_leaving`."""
    # Of no use to those who have servers, and slow to import.
    from workers.embedded import open_home, settle_ports, write_private  # noqa: PLC0415
    from workers.postgresql import end_postgresql, start_postgresql  # noqa: PLC0415
    from workers.valkey import end_valkey, start_valkey  # noqa: PLC0415

    file = folder / "servers.json"
    file.unlink(missing_ok=True)
    home = open_home(folder)
    end_postgresql(home)
    end_valkey(home)
    settle_ports(home)
    supervisor = Supervisor(folder / "log")
    on_leaving.callback(supervisor.stop, patience=20.0)
    waits = {}
    if "redis_url" in missing:
        waits["redis_url"] = start_valkey(home, supervisor)
    if "database_url" in missing:
        waits["database_url"] = start_postgresql(home, supervisor, postgresql)
    urls = {name: wait() for name, wait in waits.items()}
    on_leaving.callback(file.unlink, missing_ok=True)
    write_private(file, json.dumps({"owner": os.getpid(), **urls}))
    return urls

"""The processes of a Procfile, run until a signal ends them: what `matcher up` is made of.

with until_signalled(), servers(settings) as ready:
    migrate(ready)
    with running_processes(Path("Procfile"), ready) as ready:
        print(f"listening on {ready.port}, logs in {ready.data_folder / 'log'}")
        signal.pause()
"""

import os
import re
import shlex
import signal
import socket
import string
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.settings import Settings
from matcher.errors import ConfigError
from workers.processes import ServerError
from workers.supervisor import Supervisor


def read_procfile(path: Path, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """The commands of a Procfile by name, in its order, with `$NAME` and `${NAME}` from the environment.

    A line is `name: command`, empty, or a comment after `#`. Raises ConfigError with the line.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise ConfigError(str(path), None, f"cannot be read: {error.strerror}") from error
    commands: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9_-]+):\s*(\S.*)", line.strip())
        if match is None:
            raise ConfigError(str(path), number, f"{line!r} is not of the form `name: command`")
        name, command = match.groups()
        if name in commands:
            raise ConfigError(str(path), number, f"the name {name} is there twice")
        try:
            commands[name] = [
                string.Template(word).substitute(environment) for word in shlex.split(command, comments=True)
            ]
        except KeyError as error:
            raise ConfigError(str(path), number, f"the variable {error} is not set") from error
        except ValueError as error:  # an open quotation, a lone $
            raise ConfigError(str(path), number, f"{command!r}: {error}") from error
    return commands


@contextmanager
def running_processes(procfile: Path, settings: Settings) -> Iterator[Settings]:
    """Keeps the processes of a Procfile alive; their logs are in `data_folder/log`.

    Their environment is ours with the settings (the port also as PORT); programs beside
    our own Python are found first. Gives the settings with the port chosen where it was 0.
    Raises ConfigError and ServerError; on leaving, however that is, the processes are gone.
    """
    if settings.port == 0:
        from workers.embedded import free_port  # noqa: PLC0415 (seldom needed)

        settings = settings.model_copy(update={"port": free_port()})
    _check_free(settings.host, settings.port)
    folder = settings.data_folder.resolve()
    environment = {
        **os.environ,
        **settings.as_environment(),
        "MATCHER_DATA_FOLDER": str(folder),
        "PORT": str(settings.port),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",  # a log is read while its process lives
    }
    supervisor = Supervisor(folder / "log")
    try:
        for name, command in read_procfile(procfile, environment).items():
            supervisor.start(name, command, environment)
        yield settings
    finally:
        supervisor.stop()


def _check_free(host: str, port: int) -> None:
    """Raises ServerError when something listens there already; only `web` would say so, in its log."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServerError(
                f"Nothing can listen on {host}:{port}: {error.strerror}. "
                "Set MATCHER_PORT to another port, or to 0 for any that is free"
            ) from error


class _Signalled(BaseException):
    """Raised in the main thread by the first signal."""


@contextmanager
def until_signalled() -> Iterator[None]:
    """Ends its block at the first SIGINT, SIGTERM or SIGHUP, as if it had come to its end.

    What the block opened with `with` is closed as usual, and no further signal interrupts that.
    Only for the main thread; a SIGHUP that is ignored (nohup) stays so.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)

    def end_block(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, lambda *_: None)  # not SIG_IGN, which children would inherit
        raise _Signalled

    before = {number: signal.signal(number, end_block) for number in signals}
    try:
        yield
    except _Signalled:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Processes that end with ours, and finding and ending those that did not."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from matcher.errors import MatcherError

PATIENCE = 10.0  # seconds given to each signal


class ServerError(MatcherError):
    """A process we must run does not run. The message says why and what to do."""

    kind, title, status = "server", "A server of ours does not run", 503


def bound_to_us(arguments: Sequence[str], death_signal: signal.Signals, user: int | None = None) -> list[str]:
    """The command that runs `arguments` and gets `death_signal` when the thread that spawned it ends.

    So a SIGKILL of ours leaves no server behind. It needs Linux and util-linux's setpriv; elsewhere the
    command is returned as it is. As root with a `user` (uid and gid) the command also becomes that user but
    keeps root's access to files (CAP_DAC_OVERRIDE), so that it may live below folders closed to others, like
    /root, and no permission need be loosened. Raises ServerError when that is wanted and there is no setpriv.
    """
    setpriv = _setpriv()
    if setpriv is None:
        if user is not None:
            raise ServerError(
                "As root the embedded servers need setpriv (of util-linux, on Linux). "
                "Install it, or run as an ordinary user"
            )
        return list(arguments)
    capabilities = "-all,+dac_override"
    become = [] if user is None else [
        "--reuid", str(user), "--regid", str(user), "--clear-groups", "--securebits", "+no_setuid_fixup",
        "--inh-caps", capabilities, "--ambient-caps", capabilities,
    ]  # fmt: skip
    return [setpriv, *become, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--", *arguments]


@functools.cache
def _setpriv() -> str | None:
    """The path of a setpriv that knows --pdeathsig (BusyBox's does not)."""
    path = shutil.which("setpriv")
    if path is None:
        return None
    trial = subprocess.run([path, "--pdeathsig", "TERM", "--", "true"], capture_output=True, check=False)
    return path if trial.returncode == 0 else None


def end_processes(program: str, mark: str, *signals: signal.Signals) -> None:
    """Ends every process whose command line has both words, by `signals` in turn, SIGKILL last.

    Returns when they are gone, or 10 s after the SIGKILL. Raises PermissionError when one is another user's.
    """
    for number in (*signals, signal.SIGKILL):
        for pid in find_processes(program, mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + PATIENCE
        while find_processes(program, mark):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def find_processes(program: str, mark: str) -> list[int]:
    """The ids of all processes whose command line has both words, our own excepted."""
    commands = _commands_from_proc() if Path("/proc/self/cmdline").exists() else _commands_from_ps()
    return [
        pid
        for pid, command in commands.items()
        if program in command and mark in command and pid != os.getpid()
    ]


def running(pid: int) -> bool:
    """Whether there is a process of this number, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _commands_from_proc() -> dict[int, str]:
    commands = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it ended while we looked
                commands[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
    return commands


def _commands_from_ps() -> dict[int, str]:
    lines = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    pairs = (line.split(maxsplit=1) for line in lines.stdout.splitlines())
    return {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2}

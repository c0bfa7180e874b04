"""Stopping processes and letting them go on, as the kernel does it."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path


def children(pid: int) -> Iterator[int]:
    """The ids of a process's children. Linux only."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def freeze(pids: list[int]) -> Callable[[], None]:
    """Stops processes, the first of them first, so that it makes no others; gives what lets them go on."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

    def thaw() -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    return thaw


def signal_group(group: int, number: signal.Signals) -> None:
    """Sends a signal to every process of a group, if there are any left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)

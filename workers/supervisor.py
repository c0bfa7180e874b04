"""Keeps long-lived processes alive: started again when they die, all stopped for good at the end.

Honcho and its like end all processes when one ends, which is the opposite of what a market on a laptop needs.
"""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.processes import ServerError, bound_to_us

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between a death and the next start, doubling
STEADY_AFTER = 10.0  # seconds of life after which the pause is short again

log = logging.getLogger(__name__)


class Supervisor:
    """Runs named processes, each in a session of its own, until `stop`.

    A process that ends is started again after a pause of 0.2 s, doubling to 5 s, and short again once
    it has lived for 10 s. Its output goes to `log_folder/<name>.log`; the log of the run before is kept
    as `<name>.log.1`. On Linux the processes end when ours is killed (see `bound_to_us`).
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._processes: dict[str, _Process] = {}

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,),
        death_signal: signal.Signals = signal.SIGKILL,
        user: int | None = None,
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        """Starts a process and returns once it is spawned, not once it is ready.

        `stop_signals` are tried one after the other when it must stop, SIGKILL is always the last;
        `death_signal` is all that it gets when our process is killed. Celery's scheduler heeds no other than
        SIGKILL while the broker is away.
        `user` is the one to become when we are root. `before_start` runs before every start, the first too.
        Raises ServerError when there is no such program or it cannot be spawned.
        """
        program = shutil.which(arguments[0], path=environment.get("PATH"))
        if program is None:
            raise ServerError(f"{name}: there is no program {arguments[0]!r} on the PATH")
        command = bound_to_us([program, *arguments[1:]], death_signal, user)
        log_file = _fresh_log(self._log_folder / f"{name}.log")
        process = _Process(name, command, dict(environment), log_file, stop_signals, before_start)
        self._processes[name] = process
        process.start()

    def pid(self, name: str) -> int:
        """The process's id; while a new one is awaited, that of the last."""
        return self._processes[name].pid

    def deaths(self, name: str) -> int:
        """How often the process has ended without being asked to."""
        return self._processes[name].deaths

    def stop(self, patience: float = 10.0) -> None:
        """Asks all to stop, the last started first, and waits `patience` seconds for each signal to work.

        What then remains of a process's group is killed, children included. Returns when all are gone.
        """
        processes = list(reversed(self._processes.values()))
        for process in processes:
            process.ask_to_stop()
        deadline = time.monotonic() + patience
        for process in processes:
            process.finish(deadline, patience)
        self._processes.clear()


@dataclass
class _Process:
    """One process and the thread that spawns it and waits for it.

    The thread lives as long as the process is wanted, as `bound_to_us` needs.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    stop_signals: Sequence[signal.Signals]
    before_start: Callable[[], None]
    deaths: int = 0
    _child: subprocess.Popen[bytes] | None = None
    _first_error: Exception | None = None
    _spawned: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # spawning against being told to stop

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._keep_alive, name=f"keep {self.name}", daemon=True)

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def start(self) -> None:
        self._thread.start()
        self._spawned.wait()
        if self._first_error is not None:
            raise ServerError(f"{self.name} cannot be started: {self._first_error}") from self._first_error

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._signal(self.stop_signals[0])

    def finish(self, deadline: float, patience: float) -> None:
        """Waits for the end until `deadline` (monotonic), then insists with every further signal."""
        for number in (*self.stop_signals[1:], signal.SIGKILL):
            self._thread.join(max(0.0, deadline - time.monotonic()))
            if not self._thread.is_alive():
                return
            log.warning("%s does not stop, sending %s", self.name, number.name)
            self._signal(number)
            deadline = time.monotonic() + patience
        self._thread.join(patience)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._child is not None:
                self._child.send_signal(number)

    def _keep_alive(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                ending = self._run_once()
            except Exception as error:  # whatever it is, the next try may do better
                if not self._spawned.is_set():
                    self._first_error = error
                    self._spawned.set()
                    return
                ending = str(error)
            if self._stopping.is_set():
                return
            self.deaths += 1
            if time.monotonic() - began >= STEADY_AFTER:
                pause = FIRST_PAUSE
            log.warning(
                "%s ended (%s), starting again in %.1f s; see %s", self.name, ending, pause, self.log_file
            )
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _run_once(self) -> str:
        """One life of the process, until nothing is left of its group. Returns how it ended."""
        self.before_start()
        with self._lock:
            if self._stopping.is_set():
                return "not wanted any more"
            child = self._child = self._spawn()
        self._spawned.set()
        status = child.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of zombies
            os.killpg(child.pid, signal.SIGKILL)
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as output:
            return subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C then reaches only us, and the group can be killed whole.
                start_new_session=True,
            )


def _fresh_log(path: Path) -> Path:
    """Makes an empty log that only we may read. One log before it is kept, so that they do not add up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(path.name + ".1"))
    path.touch(mode=0o600)
    return path

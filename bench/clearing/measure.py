"""Seconds and bytes of one call."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Measured(NamedTuple):
    seconds: float  # the best of the calls
    megabytes: float  # the most that memory grew by, above what it was before
    gain: int  # what the method took in all, 0 where it takes nothing


def measure(call: Callable[[], tuple[float, int]], times: int) -> Measured:
    """`call` gives (the seconds that count, the gain)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # gives back what is free, else a call could use it unseen
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # sets the high-water mark to what is used now
    before = _kilobytes("VmRSS")
    best, gain = min(call() for _ in range(times))
    return Measured(best, (_kilobytes("VmHWM") - before) / 1024, gain)


def timed(call: Callable[[], int]) -> tuple[float, int]:
    begin = time.perf_counter()
    gain = call()
    return time.perf_counter() - begin, gain


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))

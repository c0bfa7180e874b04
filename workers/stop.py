"""Whether this worker is asked to stop, for tasks that could go on for long to ask."""

from multiprocessing.sharedctypes import RawValue

from celery import signals

# Shared with the children of the pool, which hear of no signal; without a lock, as a signal sets it.
_asked = RawValue("b", 0)


def connect() -> None:
    """Has every worker of this application note when it is asked."""
    signals.worker_shutting_down.connect(_ask, weak=False)


def stopping() -> bool:
    return bool(_asked.value)


def _ask(**_: object) -> None:
    _asked.value = 1

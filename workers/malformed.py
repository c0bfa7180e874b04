"""Drops what is no ring before Celery works on it: some such messages would end the whole worker.

Celery takes a message's body for a list of three and its headers for what Celery wrote, and does not catch
what it raises on others. Only who has access to the broker can send any.
"""

from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer


class RingConsumer(Consumer):
    """Celery's consumer; messages without the form of ours it logs and drops, as those of no form at all."""

    def create_task_handler(self, *words: Any) -> Callable[[Any], None]:
        work_on = super().create_task_handler(*words)

        def hear(message: Any) -> None:
            if _is_ring(message):
                work_on(message)
            else:
                self.on_unknown_message(None, message)

        return hear


def _is_ring(message: Any) -> bool:
    try:
        said = message.headers, message.decode()
    except Exception:  # whatever a stranger's bytes bring about; pickles are not even opened
        return False
    match said:
        case {"task": str(), "id": str()} as headers, [[*_], dict(), dict()]:
            return _are_limits(headers.get("timelimit"))
    return False


def _are_limits(limits: object) -> bool:
    match limits:
        case None | [None | int() | float(), None | int() | float()]:
            return True
    return False

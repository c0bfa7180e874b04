"""How workers hear rings: back soon after an outage of the broker, and deaf to what is no ring."""

from collections.abc import Callable
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer
from kombu import Connection

# Seconds between tries to reach the broker. Celery's own go up to 30, for which nothing would be done.
FIRST_PAUSE, LONGER_BY, LONGEST_PAUSE = 0.2, 0.2, 2.0


class RingConsumer(Consumer):
    """Celery's consumer; messages without the form of ours it logs and drops, as those of no form at all.

    Celery takes a message's body for a list of three and its headers for what Celery wrote. What it raises on
    others is not caught and ends the whole worker. Only who has access to the broker can send any.
    """

    def ensure_connected(self, conn: Connection) -> Connection:
        connected: Connection = super().ensure_connected(persistent(conn))
        return connected

    def create_task_handler(self, *words: Any) -> Callable[[Any], None]:
        work_on = super().create_task_handler(*words)

        def hear(message: Any) -> None:
            if _is_ring(message):
                work_on(message)
            else:
                self.on_unknown_message(None, message)

        return hear


def persistent(connection: Any) -> Any:
    """The connection, which now tries again every 2 s at the least."""
    connection.ensure_connection = partial(
        connection.ensure_connection,
        interval_start=FIRST_PAUSE,
        interval_step=LONGER_BY,
        interval_max=LONGEST_PAUSE,
    )
    return connection


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

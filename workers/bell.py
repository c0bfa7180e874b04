"""Rings: short Celery messages that say "look now". A ring that can not be sent is not missed for long."""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from queue import Empty, Full, Queue

from celery import Celery

from config.settings import Settings
from matcher.store.session import Bell, Ring
from workers.broker import celery_app

MOST_WAITING = 10_000

logger = logging.getLogger(__name__)


def bell(settings: Settings) -> Bell:
    """A bell on the settings' broker; one for each process. It returns at once and never raises.

    Rings leave from a thread of their own, so nobody waits for a broker that is away or frozen. Those
    that can not be sent are dropped: the sweep finds what they were for.
    """
    return _Ringer(_app(settings)).ring


class _Ringer:
    def __init__(self, app: Celery) -> None:
        self._app = app
        self._waiting: Queue[tuple[Ring, str]] = Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def ring(self, rings: Sequence[Ring]) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_on, name="bell", daemon=True)
                self._thread.start()
        rung_at = datetime.now(UTC).isoformat()
        try:
            for ring in rings:
                self._waiting.put_nowait((ring, rung_at))
        except Full:
            logger.warning("too many rings wait for the broker; the sweep will ring instead")

    def _send_on(self) -> None:
        while True:
            ring, rung_at = self._waiting.get()
            try:
                # The moment it was rung is how old a waiting ring is told.
                self._app.send_task(ring.task, args=[ring.id], headers={"rung_at": rung_at})
            except Exception as error:  # whatever it was, later rings must still leave
                logger.warning("could not ring %d times, the sweep will: %s", 1 + self._drop_waiting(), error)

    def _drop_waiting(self) -> int:
        """How many rings were waiting too; they would fail the same way, or come in a burst hours late."""
        dropped = 0
        try:
            while True:
                self._waiting.get_nowait()
                dropped += 1
        except Empty:
            return dropped


@cache
def _app(settings: Settings) -> Celery:
    return celery_app(settings)

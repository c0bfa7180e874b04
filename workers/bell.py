"""Rings: short Celery messages that say "look now". A ring that can not be sent is not missed for long."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from celery import Celery
from kombu import Producer
from kombu.exceptions import OperationalError

from config.settings import Settings
from matcher.store.session import Bell, Ring
from workers.broker import celery_app

logger = logging.getLogger(__name__)


def bell(settings: Settings) -> Bell:
    """A bell on the settings' broker. It never raises: the sweep finds what a lost ring was for."""
    app = _app(settings)

    def ring_all(rings: Sequence[Ring]) -> None:
        try:
            with app.producer_pool.acquire(block=True, timeout=1.0) as producer:
                for ring in rings:
                    _send(app, ring, producer)
        except (OperationalError, OSError) as error:
            logger.warning("could not ring %d times, the sweep will: %s", len(rings), error)

    return ring_all


def _send(app: Celery, ring: Ring, producer: Producer) -> None:
    """Sends one ring with the moment it was rung, which is how old a waiting ring is told."""
    rung_at = datetime.now(UTC).isoformat()
    app.send_task(ring.task, args=[ring.id], headers={"rung_at": rung_at}, producer=producer)


@cache
def _app(settings: Settings) -> Celery:
    return celery_app(settings)

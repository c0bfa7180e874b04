"""Workers and schedulers say in the ledger, every few seconds, that they live."""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from celery import signals
from sqlalchemy.exc import SQLAlchemyError

from matcher.ops.heartbeat import BEAT_EVERY, Kind, beat, stop
from workers.resources import resources

logger = logging.getLogger(__name__)
_ended = threading.Event()


def connect() -> None:
    """Has every worker and scheduler of this application beat from its start to its end."""
    signals.worker_ready.connect(_worker_ready, weak=False)
    signals.worker_shutting_down.connect(_ending, weak=False)
    signals.beat_init.connect(_scheduler_starts, weak=False)


def _worker_ready(sender: Any, **_: object) -> None:
    queues = [queue.name for queue in sender.task_consumer.queues]
    _start(f"{sender.hostname}", "worker", queues)


def _scheduler_starts(**_: object) -> None:
    _start(f"scheduler@{socket.gethostname()}:{os.getpid()}", "scheduler", [])


def _ending(**_: object) -> None:
    _ended.set()


def _start(name: str, kind: Kind, queues: Sequence[str]) -> None:
    threading.Thread(target=_beat_on, args=(name, kind, queues), name="heartbeat", daemon=True).start()


def _beat_on(name: str, kind: Kind, queues: Sequence[str]) -> None:
    ledger = resources().ledger
    while True:
        try:
            ledger.run(partial(beat, name=name, kind=kind, queues=queues))
        except SQLAlchemyError as error:
            logger.warning("could not write the heartbeat, will again: %s", error)
        if _ended.wait(BEAT_EVERY.total_seconds()):
            break
    ledger.run(partial(stop, name=name))

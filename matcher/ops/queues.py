"""How many rings wait in each queue of the broker, and since when."""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from kombu import Connection
from kombu.exceptions import ChannelError
from pydantic import BaseModel

from config.settings import Settings
from matcher.errors import Unavailable

QUEUES = ("clearing", "standing", "notices", "documents", "housekeeping")
PATIENCE_SECONDS = 1.0


class QueueView(BaseModel):
    """`oldest_rung_at` is null for an empty queue, and on a broker that can not be looked into."""

    name: str
    depth: int
    oldest_rung_at: datetime | None


def queues(settings: Settings, names: Sequence[str]) -> list[QueueView]:
    """Looks into the broker without taking anything out. Raises Unavailable within about a second."""
    options = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    if settings.redis_url is None:
        raise Unavailable("MATCHER_REDIS_URL is not set")
    redis = settings.redis_url.startswith("redis")
    connection = Connection(
        settings.redis_url, connect_timeout=PATIENCE_SECONDS, transport_options=options if redis else {}
    )
    try:
        with closing(connection):
            # One try: kombu's own pause before a second is 2 s.
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            return [_look(connection, name, peek=redis) for name in names]
    except connection.connection_errors as error:
        raise Unavailable(f"The broker does not answer: {error}") from error


def _look(connection: Connection, name: str, *, peek: bool) -> QueueView:
    # A channel for each queue: AMQP closes the one that asked for a queue that is not there.
    channel: Any
    with connection.channel() as channel:
        if peek:
            oldest = channel.client.lindex(name, -1)
            return QueueView(name=name, depth=channel.client.llen(name), oldest_rung_at=_rung_at(oldest))
        try:
            declared = channel.queue_declare(name, passive=True)
        except ChannelError:
            return QueueView(name=name, depth=0, oldest_rung_at=None)
        return QueueView(name=name, depth=declared.message_count, oldest_rung_at=None)


def _rung_at(message: bytes | None) -> datetime | None:
    if message is None:
        return None
    rung_at = json.loads(message).get("headers", {}).get("rung_at")
    return None if rung_at is None else datetime.fromisoformat(rung_at)

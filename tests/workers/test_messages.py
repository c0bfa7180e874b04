"""What goes over the broker, and what does not."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from kombu import Connection

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring
from tests.market import demand, lot, party
from tests.servers.helpers import eventually
from tests.trading.invariants import broken, nothing_is_due
from tests.workers.running import flower, wait_for_alive, worker
from workers.bell import bell


class Bomb:
    """What makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def at_work(settings: Settings, ledger: Ledger) -> Iterator[None]:
    """A worker of every queue."""
    with worker(settings, "only"):
        wait_for_alive(ledger, "only")
        yield


def test_only_json_is_listened_to_and_no_result_is_kept(
    settings: Settings,
    ledger: Ledger,
    broker: redis.Redis,
    knowledge: Knowledge,
    at_work: None,
    tmp_path: Path,
) -> None:
    bomb = [[Bomb(tmp_path / "went off")], {}, {}]
    with Connection(settings.redis_url or "") as connection, connection.Producer() as producer:
        for body, serializer, task in (
            (bomb, "pickle", "clear_book"),
            ([[], {}, {}], "json", "no_such_task"),
        ):
            headers = {"task": task, "id": task}
            producer.publish(body, routing_key="clearing", serializer=serializer, headers=headers)
    ringing = Ledger(settings, bell(settings))
    with ringing.transaction() as session:
        lot(session, party(session, "producer"), knowledge)
        demand(session, party(session, "buyer"), knowledge)
    eventually(lambda: nothing_is_due(ledger))
    eventually(lambda: not broker.hlen("unacked") and not broker.llen("clearing"))
    assert broken(ledger) == {}
    assert not (tmp_path / "went off").exists()
    assert not list(broker.scan_iter("celery-task-meta*"))
    ringing.engine.dispose()


def test_flower_shows_the_workers_of_the_broker_as_it_is_and_has_them_tell_of_their_tasks(
    settings: Settings, at_work: None
) -> None:
    rings = bell(settings)
    with flower(settings) as url:

        def told() -> bool:
            rings([Ring("clear_book", "longan")])
            return any(
                row.get("task-received", 0) for row in httpx.get(f"{url}/workers?json=1").json()["data"]
            )

        eventually(lambda: answered(url), 60)
        eventually(lambda: "only@" in httpx.get(f"{url}/workers").text, 60)
        eventually(told, 60)


def answered(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthcheck").is_success
    except httpx.TransportError:
        return False

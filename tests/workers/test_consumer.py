"""How workers hear: deaf to what is no ring, whoever sent it, and back soon after an outage of the broker."""

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.market import lot, party
from tests.servers.helpers import eventually
from tests.trading.invariants import nothing_is_due
from tests.workers.running import wait_for_alive, worker
from workers.broker import celery_app
from workers.consumer import persistent

RING: dict[str, object] = {"task": "clear_book", "id": "x"}
BODIES: list[object] = [
    5, None, True, "text", "args", [], [1], [[], {}], [[], {}, {}, {}], {"a": 1}, {"args": [1]}, {"args": 5},
    {"args": [], "kwargs": {}}, [5, {}, {}], [[], 5, {}], [[], {}, 5], [None, None, None],
]  # fmt: skip
HEADERS: list[dict[str, object]] = [
    {}, {"task": "clear_book"}, {"task": ["clear_book"], "id": "x"}, RING | {"id": 5}, RING | {"id": None},
    RING | {"id": {}}, RING | {"timelimit": 5}, RING | {"timelimit": [1]}, RING | {"timelimit": ["a", "b"]},
    RING | {"eta": "garbage"}, RING | {"expires": "garbage"}, RING | {"retries": "garbage"},
    RING | {"group": 5}, RING | {"stamps": "garbage"},
]  # fmt: skip
MALFORMED = [(body, RING) for body in BODIES] + [([[], {}, {}], headers) for headers in HEADERS]


def test_a_worker_drops_what_is_no_ring_and_goes_on(
    settings: Settings, ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge)
    with worker(settings, "only") as process:
        wait_for_alive(ledger, "only")
        with Connection(settings.redis_url or "") as connection, connection.Producer() as producer:
            for body, headers in MALFORMED:
                producer.publish(body, routing_key="clearing", serializer="json", headers=headers)
        celery_app(settings).send_task("clear_book", ["custard_apple"])
        eventually(lambda: nothing_is_due(ledger))
        assert process.poll() is None


def test_a_worker_that_lost_its_broker_tries_again_every_moment() -> None:
    pauses: list[float] = []
    connection = persistent(Connection("redis://127.0.0.1:1/0"))  # nobody listens on port 1
    with pytest.raises(OperationalError):
        connection.ensure_connection(lambda _error, pause: pauses.append(pause), max_retries=4)
    assert pauses == pytest.approx([0.2, 0.4, 0.6, 0.8])

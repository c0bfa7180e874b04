"""Messages that are no rings, from whoever has access to the broker, end no worker."""

from kombu import Connection

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.market import lot, party
from tests.servers.helpers import eventually
from tests.trading.invariants import nothing_is_due
from tests.workers.running import wait_for_alive, worker
from workers.broker import celery_app

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

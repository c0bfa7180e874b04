"""All rings are lost, and the sweep finds what they were for."""

import os
import signal

import redis

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.market import demand, lot, party
from tests.servers.helpers import eventually
from tests.trading.invariants import broken, nothing_is_due
from tests.workers.running import scheduler, wait_for_alive, worker
from workers.bell import bell

AS_SHIPPED = {"sweep_seconds": 2.0, "ring_patience_seconds": 15.0}
STATED_SECONDS = 17.0  # docs/operations.md


def test_what_was_waiting_in_a_wiped_broker_is_done_within_the_time_that_is_stated(
    settings: Settings, ledger: Ledger, broker: redis.Redis, knowledge: Knowledge
) -> None:
    own = settings.model_copy(update=AS_SHIPPED)
    ringing = Ledger(own, bell(own))
    with worker(own, "only") as process, scheduler(own):
        wait_for_alive(ledger, "only", schedulers=1)
        os.killpg(process.pid, signal.SIGSTOP)
        with ringing.transaction() as session:
            for crop in ("custard_apple", "longan", "lychee"):
                lot(session, party(session, "producer"), knowledge, crop=crop)
                demand(session, party(session, "buyer"), knowledge, crop=crop)
        eventually(lambda: broker.llen("clearing") >= 2)  # one may be on its way to the worker already
        broker.flushdb()
        os.killpg(process.pid, signal.SIGCONT)
        eventually(lambda: nothing_is_due(ledger), STATED_SECONDS)
    assert broken(ledger) == {}
    ringing.engine.dispose()

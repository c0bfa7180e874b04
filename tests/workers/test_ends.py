"""Workers that are told to stop, workers that are killed, and a broker that is killed with all it knew."""

import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
import redis
from sqlalchemy import func, select

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.knowledge import Knowledge
from matcher.notices.endpoints import add_endpoint
from matcher.ops.heartbeat import Alive, alive
from matcher.ops.queues import QUEUES, queues
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Clearing, Document, Match, Party
from tests.market import demand, lot, party
from tests.servers.helpers import eventually, server_processes
from tests.trading.invariants import broken, nothing_is_due
from tests.trading.locks import held, wait_for_waiting
from tests.workers.running import kill, scheduler, wait_for_alive, worker
from workers.bell import bell
from workers.servers import servers

RING = Ring("clear_book", "custard_apple")
OTHERS = ("longan", "lychee", "mango")


def post_pair(ledger: Ledger, knowledge: Knowledge, pair: tuple[Party, Party], crop: str) -> UUID:
    """A lot and a demand that match; the lot's id."""
    with ledger.transaction() as session:
        demand(session, pair[1], knowledge, crop=crop)
        return lot(session, pair[0], knowledge, crop=crop).id


@pytest.fixture
def pair(ledger: Ledger) -> tuple[Party, Party]:
    with ledger.transaction() as session:
        return party(session, "producer"), party(session, "buyer")


def depth(settings: Settings, name: str) -> int:
    return next(queue.depth for queue in queues(settings, QUEUES) if queue.name == name)


def living(ledger: Ledger) -> list[Alive]:
    with ledger.transaction() as session:
        return alive(session)


def count(ledger: Ledger, table: type[Match] | type[Clearing] | type[Document]) -> int:
    with ledger.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_worker_that_is_told_to_stop_ends_its_task_takes_no_other_and_keeps_none_from_the_rest(
    settings: Settings, ledger: Ledger, broker: redis.Redis, knowledge: Knowledge, pair: tuple[Party, Party]
) -> None:
    ringing = Ledger(settings, bell(settings))
    with worker(settings, "last", queues="clearing") as process:
        wait_for_alive(ledger, "last")
        lot_id = post_pair(ledger, knowledge, pair, "custard_apple")
        with held(ledger, lot_id):
            bell(settings)([RING])
            wait_for_waiting(ledger)
            for crop in OTHERS:
                post_pair(ringing, knowledge, pair, crop)
            eventually(lambda: depth(settings, "clearing") == len(OTHERS))
            assert broker.hlen("unacked") == 1, "one ring is being worked on, and is acknowledged afterwards"
            process.terminate()
            eventually(lambda: not living(ledger))
            assert process.poll() is None
        assert process.wait(30) == 0
    assert (count(ledger, Match), broker.hlen("unacked"), depth(settings, "clearing")) == (1, 0, len(OTHERS))
    assert broken(ledger) == {}
    ringing.engine.dispose()


@pytest.mark.timeout(180)
def test_what_a_killed_worker_and_a_killed_broker_took_with_them_is_done_by_the_others(
    settings: Settings, ledger: Ledger, knowledge: Knowledge, pair: tuple[Party, Party], tmp_path: Path
) -> None:
    home = tmp_path / "broker"
    brokerless = settings.model_copy(update={"redis_url": None, "data_folder": home})
    with WebhookReceiver() as receiver, servers(brokerless) as own, scheduler(own), ExitStack() as hold:
        with ledger.transaction() as session:
            add_endpoint(session, pair[0], receiver.url)
        lot_id = post_pair(ledger, knowledge, pair, "custard_apple")
        hold.enter_context(held(ledger, lot_id))
        ringing = Ledger(own, bell(own))
        with worker(own, "doomed", queues="clearing") as doomed:
            wait_for_alive(ledger, "doomed")
            bell(own)([RING])
            wait_for_waiting(ledger)
            with worker(own, "other"):
                wait_for_alive(ledger, "other", schedulers=1)
                kill(doomed)
                (pid,) = server_processes(home)
                os.kill(pid, signal.SIGKILL)
                for crop in OTHERS:
                    post_pair(ringing, knowledge, pair, crop)
                eventually(lambda: count(ledger, Match) == len(OTHERS), 60)
                hold.close()
                eventually(lambda: count(ledger, Match) == 1 + len(OTHERS), 60)
                eventually(lambda: nothing_is_due(ledger), 60)
        told = [json.loads(request.body)["type"] for request in receiver.received]
        assert told.count("match.made") == 1 + len(OTHERS)
        ringing.engine.dispose()
    assert broken(ledger) == {}

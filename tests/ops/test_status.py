"""What an operator sees: what waits, since when, and who works."""

import socket
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.engine import make_url

from config.settings import Settings
from matcher.clock import VIETNAM, now, today
from matcher.knowledge import Knowledge
from matcher.notices.endpoints import add_endpoint
from matcher.notices.record import record
from matcher.ops.heartbeat import ALIVE_FOR, FORGOTTEN_AFTER, alive, beat, stop
from matcher.ops.queues import QUEUES, queues
from matcher.ops.status import status
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Book, Delivery, Demand, Document, Endpoint, Heartbeat, Lot
from matcher.trading.clear import clear
from tests.market import demand, lot, party
from tests.notices.letters import match_made
from tests.servers.helpers import eventually
from workers.bell import bell

AWAY = "redis://127.0.0.1:1/0"  # nobody listens on port 1


@pytest.fixture
def own_broker(settings: Settings) -> Iterator[Settings]:
    """Settings with a database of the broker that no other test uses."""
    url = make_url(settings.redis_url or "").set(database="15").render_as_string(hide_password=False)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield settings.model_copy(update={"redis_url": url})
        client.flushdb()


def test_overdue_work_is_counted_by_kind_with_the_moment_it_fell_due(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer", email="ban@example.vn"), party(session, "buyer")
        lot(session, seller, knowledge)
        demand(session, buyer, knowledge)
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with ledger.transaction() as session:
        lot(session, seller, knowledge, crop="longan")
        old = lot(session, seller, knowledge, crop="lychee")
        session.execute(
            update(Lot)
            .where(Lot.id == old.id)
            .values(expires_on=today() - timedelta(days=2), quarantine="unreadable", quarantined_at=now())
        )
        changed = session.scalar(select(func.min(Book.changed_at)).where(Book.crop != "custard_apple"))
        asked = session.scalar(select(Document.asked_at))
        due = session.scalar(select(Delivery.due_at))
    yesterday = datetime.combine(today() - timedelta(days=1), time.min, VIETNAM)
    found = {each.kind: (each.count, each.oldest_since) for each in status(ledger, settings).overdue}
    assert found == found | {
        "books to clear": (2, changed),
        "deliveries to make": (1, due),
        "documents to render": (2, asked),
        "lots to expire": (1, yesterday),
        "demands to expire": (0, None),
    }
    with ledger.transaction() as session:
        session.execute(
            update(Demand).values(
                expires_on=today(), state="open", taken_g=0, quarantine="unreadable", quarantined_at=now()
            )
        )
        session.execute(update(Delivery).values(state="dead"))
    later = status(ledger, settings)
    assert (later.dead_letters, later.quarantined) == (1, 2)
    counts = {each.kind: each.count for each in later.overdue}
    assert (counts["deliveries to make"], counts["demands to expire"]) == (0, 0)


def test_what_waits_for_an_endpoint_that_fails_or_rests_is_not_overdue_but_counted(
    ledger: Ledger, settings: Settings
) -> None:
    hour_ago, soon = now() - timedelta(hours=1), now() + timedelta(seconds=15)
    well = ({"rests_until": None}, {"rests_until": hour_ago})
    unwell = (
        {"failing_since": hour_ago},
        {"rests_until": soon},
        {"rests_until": now()},  # it has a pace, and is just to get the next
        {"failing_since": hour_ago, "rests_until": soon},
    )
    standings: list[dict[str, Any]] = [*well, *unwell]
    with ledger.transaction() as session:
        for number, standing in enumerate(standings):
            buyer = party(session, "buyer")
            endpoint = add_endpoint(session, buyer, f"https://erp.example.vn/{number}")
            session.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(**standing))
            record(session, [match_made(buyer)])
    seen = status(ledger, settings)
    (overdue,) = [each for each in seen.overdue if each.kind == "deliveries to make"]
    assert (overdue.count, seen.waiting_for_endpoints) == (len(well), len(unwell))


def test_each_queue_shows_how_many_rings_wait_and_since_when(own_broker: Settings) -> None:
    ring = bell(own_broker)
    before = now()
    ring([Ring("clear_book", "mango")])
    between = now()
    ring([Ring(task, "1") for task in ("clear_book", "settle_book", "render", "deliver")])

    def seen() -> dict[str, int]:
        return {queue.name: queue.depth for queue in queues(own_broker, QUEUES)}

    waiting = {"clearing": 2, "standing": 1, "notices": 1, "documents": 1, "housekeeping": 0}
    eventually(lambda: seen() == waiting)
    clearing, *_, housekeeping = queues(own_broker, QUEUES)
    assert clearing.oldest_rung_at is not None
    assert before <= clearing.oldest_rung_at <= between
    assert housekeeping.oldest_rung_at is None
    assert clearing.depth == 2, "looking takes nothing out"


def test_only_those_heard_of_lately_are_alive(ledger: Ledger) -> None:
    def aged(name: str, age: timedelta) -> None:
        with ledger.transaction() as session:
            session.execute(update(Heartbeat).where(Heartbeat.name == name).values(beaten_at=now() - age))

    with ledger.transaction() as session:
        for name in ("clearing@a", "clearing@b", "clearing@c", "clearing@d"):
            beat(session, name, "worker", ["clearing"])
        beat(session, "scheduler@a", "scheduler", [])
        stop(session, "clearing@d")
    aged("clearing@b", ALIVE_FOR + timedelta(seconds=1))
    aged("clearing@c", FORGOTTEN_AFTER + timedelta(seconds=1))
    with ledger.transaction() as session:
        beat(session, "clearing@a", "worker", ["clearing", "documents"])
        living = alive(session)
        names = set(session.scalars(select(Heartbeat.name)))
    assert [(each.kind, each.name) for each in living] == [
        ("worker", "clearing@a"),
        ("scheduler", "scheduler@a"),
    ]
    assert living[0].queues == ["clearing", "documents"]
    assert names == {"clearing@a", "clearing@b", "scheduler@a"}


def test_without_the_broker_the_work_is_still_found(
    ledger: Ledger, settings: Settings, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for broker in (AWAY, f"redis://127.0.0.1:{mute.getsockname()[1]}/0"):
            seen = status(ledger, settings.model_copy(update={"redis_url": broker}))
            assert "does not answer" in seen.broker
            assert seen.queues == []
            assert seen.overdue[0].count == 1


def test_healthz_says_how_it_is_and_503_while_the_database_is_away(
    base_url: str, ledger: Ledger, settings: Settings
) -> None:
    url = make_url(settings.database_url or "")
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")

    def let_in(allowed: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS {allowed}'))
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(end), {"name": url.database})

    assert httpx.get(f"{base_url}/healthz").json()["broker"] == "ok"
    let_in(False)
    for path in ("/healthz", "/readyz"):
        answer = httpx.get(base_url + path, timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    let_in(True)
    for path in ("/healthz", "/readyz"):
        assert httpx.get(base_url + path, timeout=30).status_code == 200
    admin.dispose()

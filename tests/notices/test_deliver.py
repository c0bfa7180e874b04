import threading
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.clock import now
from matcher.errors import Conflict, NotFound
from matcher.notices.dead import DeadLetters, list_dead, requeue, requeue_dead
from matcher.notices.deliver import ATTEMPTS, RETRY_AFTER, deliver, deliveries_due
from matcher.notices.events import record
from matcher.notices.webhook import new_client
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Delivery
from tests.market import party
from tests.notices.letters import answers, let_come_due, match_made, read, told


class Killed(BaseException):
    """The worker's end: nothing that comes after it is run."""


def test_a_failed_attempt_is_made_again_with_the_same_id_until_it_is_delivered(
    ledger: Ledger, settings: Settings, client: httpx.Client, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "failing"
    for _ in range(2):
        deliver(ledger, delivery_id, settings, client)
        let_come_due(ledger, delivery_id)
    receiver.behaviour = "honest"
    deliver(ledger, delivery_id, settings, client)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "delivered"
    assert [attempt.succeeded for attempt in delivery.attempts] == [False, False, True]
    assert {request.headers["webhook-id"] for request in receiver.received} == {str(delivery.notice_id)}
    assert len({request.body for request in receiver.received}) == 1


def test_attempts_follow_the_schedule_and_after_the_last_the_delivery_is_dead(
    ledger: Ledger, settings: Settings, client: httpx.Client
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for wait in RETRY_AFTER:
        before = now()
        deliver(ledger, delivery_id, settings, client)
        delivery = read(ledger, delivery_id)
        assert delivery.state == "due"
        assert before + wait <= delivery.due_at <= now() + wait * 1.1
        assert delivery.rung_at is None
        let_come_due(ledger, delivery_id)
    deliver(ledger, delivery_id, settings, client)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "dead"
    assert len(delivery.attempts) == ATTEMPTS == 11
    let_come_due(ledger, delivery_id)
    deliver(ledger, delivery_id, settings, client)
    assert len(read(ledger, delivery_id).attempts) == ATTEMPTS


def test_a_dead_letter_that_is_requeued_has_its_whole_schedule_again(
    ledger: Ledger, settings: Settings, client: httpx.Client
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for attempt in range(2 * ATTEMPTS):
        if attempt == ATTEMPTS:
            assert read(ledger, delivery_id).state == "dead"
            with ledger.transaction() as session:
                requeue(session, delivery_id)
        assert read(ledger, delivery_id).state == "due"
        let_come_due(ledger, delivery_id)
        deliver(ledger, delivery_id, settings, client)
    assert read(ledger, delivery_id).state == "dead"


def test_only_a_dead_letter_can_be_requeued(ledger: Ledger) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with ledger.transaction() as session, pytest.raises(Conflict, match="is due"):
        requeue(session, delivery_id)
    with ledger.transaction() as session, pytest.raises(NotFound):
        requeue(session, uuid4())


def test_a_worker_killed_after_sending_leaves_a_lease_and_the_notice_is_sent_again_with_its_id(
    ledger: Ledger, settings: Settings, client: httpx.Client, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)

    def die(_response: httpx.Response) -> None:
        raise Killed

    with new_client(settings) as doomed:
        doomed.event_hooks = {"response": [die]}
        with pytest.raises(Killed):
            deliver(ledger, delivery_id, settings, doomed)
    left = read(ledger, delivery_id)
    assert (left.state, len(left.attempts)) == ("due", 0)
    assert left.due_at > now() + 2 * timedelta(seconds=settings.delivery_timeout_seconds)

    deliver(ledger, delivery_id, settings, client)
    assert len(receiver.received) == 1, "the lease still runs"

    let_come_due(ledger, delivery_id)
    deliver(ledger, delivery_id, settings, client)
    assert read(ledger, delivery_id).state == "delivered"
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(left.notice_id)


def test_many_workers_at_the_same_delivery_send_it_once(
    ledger: Ledger, settings: Settings, client: httpx.Client, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        deliver(ledger, delivery_id, settings, client)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.received) == 1
    assert len(read(ledger, delivery_id).attempts) == 1


def test_a_ring_for_what_is_delivered_or_unknown_does_nothing(
    ledger: Ledger, settings: Settings, client: httpx.Client, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    for _ in range(2):
        deliver(ledger, delivery_id, settings, client)
    deliver(ledger, uuid4(), settings, client)
    assert len(receiver.received) == 1
    assert answers(read(ledger, delivery_id)) == ["200 đã nhận"]


def test_a_last_failure_that_comes_late_does_not_undo_what_another_worker_has_delivered(
    ledger: Ledger, hasty: Settings, client: httpx.Client, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "failing"
    for _ in range(ATTEMPTS - 2):
        deliver(ledger, delivery_id, hasty, client)
        let_come_due(ledger, delivery_id)
    receiver.behaviour = "silent"
    slow = threading.Thread(target=deliver, args=(ledger, delivery_id, hasty, client))
    slow.start()
    receiver.wait_for(ATTEMPTS - 1)
    receiver.behaviour = "honest"
    let_come_due(ledger, delivery_id)
    deliver(ledger, delivery_id, hasty, client)
    slow.join()
    delivery = read(ledger, delivery_id)
    assert [attempt.succeeded for attempt in delivery.attempts[-2:]] == [True, False]
    assert len(delivery.attempts) == ATTEMPTS
    assert delivery.state == "delivered"


def test_the_sweep_rings_for_what_is_due_and_was_not_rung_for_lately(ledger: Ledger) -> None:
    rung: list[Ring] = []
    listening = Ledger(ledger.settings, rung.extend)
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@hanoi.example")
        record(session, [match_made(buyer) for _ in range(5)])
        fresh, unrung, stale, leased, done = session.scalars(select(Delivery.id).order_by(Delivery.id))
        an_hour_ago = now() - timedelta(hours=1)
        for delivery_id, columns in (
            (unrung, {"rung_at": None}),
            (stale, {"rung_at": an_hour_ago}),
            (leased, {"rung_at": None, "due_at": now() + timedelta(minutes=1)}),
            (done, {"rung_at": None, "state": "delivered"}),
        ):
            session.execute(update(Delivery).where(Delivery.id == delivery_id).values(columns))
    with listening.transaction() as session:
        assert set(deliveries_due(session, now() - timedelta(minutes=1))) == {unrung, stale}
    assert {ring.id for ring in rung} == {str(unrung), str(stale)}
    with listening.transaction() as session:
        assert not deliveries_due(session, now() - timedelta(minutes=1)), "they have just been rung for"
        assert set(deliveries_due(session, now() + timedelta(minutes=1))) == {fresh, unrung, stale}
    listening.engine.dispose()


def test_two_sweeps_share_the_work_and_each_takes_at_most_its_limit(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@hanoi.example")
        record(session, [match_made(buyer) for _ in range(10)])
        session.execute(update(Delivery).values(rung_at=None, due_at=func.now()))
    with ledger.transaction() as one, ledger.transaction() as other:
        first = deliveries_due(one, now(), limit=6)
        second = deliveries_due(other, now(), limit=6)
        assert (len(first), len(second)) == (6, 4)
        assert not set(first) & set(second)


def test_dead_letters_are_listed_and_requeued_by_where_they_were_to_go(
    ledger: Ledger, settings: Settings, client: httpx.Client
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        record(session, [match_made(buyer)])
        record(session, [match_made(party(session, "buyer", email="khac@example.vn"))])
        session.execute(update(Delivery).values(state="dead"))
    wanted = DeadLetters("email", "mua@example.vn", now() - timedelta(hours=1))
    with ledger.transaction() as session:
        ((delivery, kind),) = list_dead(session, wanted)
        assert (delivery.address, kind) == ("mua@example.vn", "match.made")
        assert requeue_dead(session, DeadLetters("webhook")) == 0
        assert requeue_dead(session, DeadLetters(since=now() + timedelta(hours=1))) == 0
        assert requeue_dead(session, wanted) == 1
        assert len(list_dead(session, DeadLetters())) == 1
        assert requeue_dead(session, DeadLetters()) == 1

import threading
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.clock import now
from matcher.errors import Conflict, NotFound
from matcher.notices.dead import DeadLetters, Requeued, list_dead, requeue, requeue_dead
from matcher.notices.deliver import deliver
from matcher.notices.due import ring_for_due
from matcher.notices.record import record
from matcher.notices.settle import ATTEMPTS, RETRY_AFTER
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Delivery, Endpoint
from tests.market import party
from tests.notices.dying import Doomed, Killed
from tests.notices.letters import answers, let_come_due, match_made, read, told


def test_a_failed_attempt_is_made_again_with_the_same_id_until_it_is_delivered(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "failing"
    for _ in range(2):
        deliver(ledger, settings, transport)
        let_come_due(ledger, delivery_id)
    receiver.behaviour = "honest"
    deliver(ledger, settings, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "delivered"
    assert [attempt.succeeded for attempt in delivery.attempts] == [False, False, True]
    assert {request.headers["webhook-id"] for request in receiver.received} == {str(delivery.notice_id)}
    assert len({request.body for request in receiver.received}) == 1


def test_attempts_follow_the_schedule_and_after_the_last_the_delivery_is_dead(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for wait in RETRY_AFTER:
        before = now()
        deliver(ledger, settings, transport)
        delivery = read(ledger, delivery_id)
        assert delivery.state == "due"
        assert before + wait <= delivery.due_at <= now() + wait * 1.1
        let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "dead"
    assert len(delivery.attempts) == ATTEMPTS == 11
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert len(read(ledger, delivery_id).attempts) == ATTEMPTS


def test_a_dead_letter_that_is_requeued_has_its_whole_schedule_again(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for attempt in range(2 * ATTEMPTS):
        if attempt == ATTEMPTS:
            assert read(ledger, delivery_id).state == "dead"
            with ledger.transaction() as session:
                requeue(session, delivery_id)
        assert read(ledger, delivery_id).state == "due"
        let_come_due(ledger, delivery_id)
        deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "dead"


def test_only_a_dead_letter_can_be_requeued(ledger: Ledger) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with ledger.transaction() as session, pytest.raises(Conflict, match="is due"):
        requeue(session, delivery_id)
    with ledger.transaction() as session, pytest.raises(NotFound):
        requeue(session, uuid4())


def test_a_worker_killed_after_sending_leaves_a_lease_and_the_notice_is_sent_again_with_its_id(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)

    with Doomed() as doomed, pytest.raises(Killed):
        deliver(ledger, settings, doomed)
    left = read(ledger, delivery_id)
    assert (left.state, len(left.attempts)) == ("due", 0)
    assert left.due_at > now() + 2 * timedelta(seconds=settings.delivery_timeout_seconds)

    deliver(ledger, settings, transport)
    assert len(receiver.received) == 1, "the lease still runs"

    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "delivered"
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(left.notice_id)


def test_many_workers_at_the_same_delivery_send_it_once(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        deliver(ledger, settings, transport)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.received) == 1
    assert len(read(ledger, delivery_id).attempts) == 1


def test_a_ring_when_nothing_is_due_does_nothing(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    for _ in range(2):
        deliver(ledger, settings, transport)
    assert answers(read(ledger, delivery_id)) == ["200 đã nhận"]


def test_a_last_failure_that_comes_late_does_not_undo_what_another_worker_has_delivered(
    ledger: Ledger, hasty: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "failing"
    for _ in range(ATTEMPTS - 2):
        deliver(ledger, hasty, transport)
        let_come_due(ledger, delivery_id)
    receiver.behaviour = "silent"
    slow = threading.Thread(target=deliver, args=(ledger, hasty, transport))
    slow.start()
    receiver.wait_for(ATTEMPTS - 1)
    receiver.behaviour = "honest"
    let_come_due(ledger, delivery_id)
    deliver(ledger, hasty, transport)
    slow.join()
    delivery = read(ledger, delivery_id)
    assert [attempt.succeeded for attempt in delivery.attempts[-2:]] == [True, False]
    assert len(delivery.attempts) == ATTEMPTS
    assert delivery.state == "delivered"


def test_there_is_a_ring_for_what_is_due_and_none_for_what_is_put_off_or_rests(ledger: Ledger) -> None:
    rung: list[Ring] = []
    listening = Ledger(ledger.settings, rung.extend)
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for due_in, rests_for, wanted in ((0, 0, True), (60, 0, False), (0, 60, False), (0, -1, True)):
        with listening.transaction() as session:
            session.execute(update(Delivery).values(due_at=func.now() + timedelta(seconds=due_in)))
            session.execute(update(Endpoint).values(rests_until=func.now() + timedelta(seconds=rests_for)))
        with listening.transaction() as session:
            assert ring_for_due(session) is wanted
    assert rung == [Ring("deliver", "due")] * 2
    with listening.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(state="delivered"))
        assert not ring_for_due(session)
    listening.engine.dispose()


def test_dead_letters_are_listed_and_requeued_by_where_they_were_to_go(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
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
        assert requeue_dead(session, DeadLetters("webhook")) == Requeued(0, 0)
        assert requeue_dead(session, DeadLetters(since=now() + timedelta(hours=1))) == Requeued(0, 0)
        assert requeue_dead(session, wanted) == Requeued(1, 0)
        assert len(list_dead(session, DeadLetters())) == 1
        assert requeue_dead(session, DeadLetters()) == Requeued(1, 0)

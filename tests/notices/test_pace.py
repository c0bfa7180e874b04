"""Who gets how much at once: a receiver that hangs or fails delays nobody else."""

import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import Behaviour, WebhookReceiver
from matcher.clock import now
from matcher.notices import crew
from matcher.notices import deliver as delivering
from matcher.notices.answered import LONGEST_REST
from matcher.notices.dead import requeue
from matcher.notices.deliver import deliver
from matcher.notices.due import AT_ONCE, claim, ring_for_due
from matcher.notices.endpoints import EndpointChange, add_endpoint, change_endpoint
from matcher.notices.record import record
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Attempt, Delivery, Endpoint
from tests.market import party
from tests.notices.letters import let_come_due, match_made, read, told

LEASE = timedelta(minutes=1)


def endpoints(ledger: Ledger, *urls: str, notices: int = 1) -> None:
    """An endpoint of a party of its own at each address, and so many notices due there."""
    with ledger.transaction() as session:
        for url in urls:
            buyer = party(session, "buyer")
            add_endpoint(session, buyer, url)
            record(session, [match_made(buyer) for _ in range(notices)])


def test_all_that_is_due_is_sent_however_much_it_is(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    endpoints(ledger, *(f"{receiver.url}/{number}" for number in range(3)), notices=100)
    deliver(ledger, settings, transport)
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 300
    with ledger.transaction() as session:
        assert set(session.scalars(select(Delivery.state))) == {"delivered"}
        assert session.scalar(select(func.count()).select_from(Attempt)) == 300


def test_while_some_receivers_hang_the_others_get_everything(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    with ExitStack() as hanging:
        silent = [hanging.enter_context(WebhookReceiver("silent")) for _ in range(8)]
        endpoints(ledger, *(each.url for each in silent), notices=20)
        endpoints(ledger, receiver.url, notices=40)
        patient = settings.model_copy(update={"delivery_timeout_seconds": 3.0})
        sending = threading.Thread(target=deliver, args=(ledger, patient, transport))
        sending.start()
        receiver.wait_for(40)
        assert sending.is_alive(), "the hanging ones are still waited for"
        sending.join()
        assert {len(each.received) for each in silent} == {1}, "one at a time, and then it rests"
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).where(Delivery.state == "delivered")) == 40


def test_an_endpoint_that_fails_rests_longer_each_time_and_its_notices_wait_without_being_spent(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    receiver.behaviour = "failing"
    endpoints(ledger, receiver.url, notices=20)
    rests: list[timedelta] = []
    for number in range(7):
        before = now()
        deliver(ledger, settings, transport)
        if number > 3:
            deliver(ledger, settings, transport)
        with ledger.transaction() as session:
            endpoint = session.scalars(select(Endpoint)).one()
            assert endpoint.rests_until is not None
            rests.append(endpoint.rests_until - before)
            assert len(receiver.received) == number + 1
            endpoint.rests_until = None
    assert rests[:5] == sorted(rests[:5])
    assert rests[-1] < LONGEST_REST + timedelta(seconds=5)
    receiver.behaviour = "honest"
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        delivered = session.scalar(select(func.count()).where(Delivery.state == "delivered"))
        assert delivered == 13, "all but those that were tried in vain and wait for their next attempt"
        endpoint = session.scalars(select(Endpoint)).one()
        assert (endpoint.failures, endpoint.rests_until, endpoint.failing_since) == (0, None, None)


def test_only_an_endpoint_that_is_known_to_be_quick_gets_several_at_once(ledger: Ledger) -> None:
    endpoints(ledger, "http://127.0.0.1:1/one", "http://127.0.0.1:1/two", notices=20)
    with ledger.transaction() as session:
        one, two = session.scalars(select(Endpoint.id).order_by(Endpoint.id))
        claimed = [each.endpoint_id for each in claim(session, LEASE, 100, {}, quick=[one])]
        assert (claimed.count(one), claimed.count(two)) == (AT_ONCE, 1)
        assert {each.endpoint_id for each in claim(session, LEASE, 100, {}, busy=[one])} == {two}
        assert len(claim(session, LEASE, 3, {}, quick=[one, two])) == 3


def paced(ledger: Ledger, url: str, per_minute: int, notices: int) -> UUID:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        endpoint = add_endpoint(session, buyer, url, per_minute=per_minute)
        record(session, [match_made(buyer) for _ in range(notices)])
        return endpoint.id


def test_an_endpoint_with_a_pace_gets_what_a_second_of_it_allows_and_rests_as_long(ledger: Ledger) -> None:
    paces = {30: 1, 150: 2, 600: AT_ONCE}
    ids = {per_minute: paced(ledger, "http://127.0.0.1:1/", per_minute, 10) for per_minute in paces}
    with ledger.transaction() as session:
        before = now()
        claimed = [each.endpoint_id for each in claim(session, LEASE, 100, {}, quick=ids.values())]
        for per_minute, letters in paces.items():
            assert claimed.count(ids[per_minute]) == letters
            endpoint = session.get_one(Endpoint, ids[per_minute])
            assert endpoint.rests_until is not None
            rest = (endpoint.rests_until - before).total_seconds()
            assert rest == pytest.approx(60 * letters / per_minute, abs=0.3)
    with ledger.transaction() as session:
        assert not {ids[30], ids[150]} & {each.endpoint_id for each in claim(session, LEASE, 100, {})}


@pytest.mark.parametrize("others", ["none", "hanging"])
def test_what_is_due_to_an_endpoint_with_a_pace_leaves_at_that_pace_and_no_faster(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver, others: str
) -> None:
    paced(ledger, receiver.url, per_minute=240, notices=13)
    with WebhookReceiver("silent") as silent:
        if others == "hanging":
            endpoints(ledger, *(f"{silent.url}/{number}" for number in range(6)))
        began = now()
        deliver(ledger, settings.model_copy(update={"delivery_timeout_seconds": 4.0}), transport)
    with ledger.transaction() as session:
        sent = session.scalars(
            select(Attempt.started_at).where(Attempt.succeeded).order_by(Attempt.started_at)
        ).all()
    assert len(sent) == 13, "in one go, without another ring"
    assert timedelta(seconds=2.2) < sent[-1] - began < timedelta(seconds=5)


def test_failing_and_succeeding_in_turn_makes_no_pace_faster(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    endpoint_id = paced(ledger, receiver.url, per_minute=1, notices=3)
    for behaviour in ("failing", "honest"):
        receiver.behaviour = behaviour
        deliver(ledger, settings, transport)
        with ledger.transaction() as session:
            endpoint = session.get_one(Endpoint, endpoint_id)
            assert endpoint.rests_until is not None
            assert endpoint.rests_until > now() + timedelta(seconds=50)
            endpoint.rests_until = None


def change(ledger: Ledger, **changes: object) -> Endpoint:
    with ledger.transaction() as session:
        endpoint = session.scalars(select(Endpoint)).one()
        change_endpoint(session, endpoint, EndpointChange.model_validate(changes))
        return endpoint


@pytest.mark.parametrize("behaviour", ["honest", "failing", "gone"])
def test_no_change_of_an_endpoint_makes_its_pace_faster(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    behaviour: Behaviour,
) -> None:
    paced(ledger, receiver.url, per_minute=1, notices=3)
    receiver.behaviour = behaviour
    deliver(ledger, settings, transport)
    for number in range(3):
        changed = {"url": f"{receiver.url}/{number}"}
        for each in ({"enabled": True}, changed, {"enabled": False}, {"enabled": True}, {"per_minute": 1}):
            change(ledger, **each)
            deliver(ledger, settings, transport)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("between", [None, 600])
def test_a_pace_that_is_raised_and_lowered_again_lets_nothing_through(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    between: int | None,
) -> None:
    paced(ledger, receiver.url, per_minute=1, notices=3)
    deliver(ledger, settings, transport)
    for per_minute in (between, 1):
        change(ledger, per_minute=per_minute)
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("per_minute", [None, 6000])
def test_what_waits_for_its_pace_leaves_at_once_when_the_pace_is_raised_or_taken_away(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    per_minute: int | None,
) -> None:
    rung: list[Ring] = []
    listening = Ledger(settings, rung.extend)
    paced(ledger, receiver.url, per_minute=1, notices=3)
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 1
    change(listening, per_minute=per_minute)
    listening.engine.dispose()
    assert rung == [Ring("deliver", "due")]
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 3


def test_only_one_that_was_disabled_or_has_moved_begins_its_days_of_failing_anew(ledger: Ledger) -> None:
    endpoints(ledger, "http://127.0.0.1:1/")

    def failing_since(**changes: object) -> datetime | None:
        with ledger.transaction() as session:
            session.execute(update(Endpoint).values(failing_since=four_days_ago, rests_until=in_a_day))
        endpoint = change(ledger, **changes)
        assert endpoint.rests_until is None, "what waits leaves in any case"
        return endpoint.failing_since

    four_days_ago, in_a_day = now() - timedelta(days=4), now() + timedelta(days=1)
    assert failing_since(enabled=True) == four_days_ago
    assert failing_since(url="http://127.0.0.1:1/moved") is None
    change(ledger, enabled=False)
    assert failing_since(enabled=True) is None


def test_two_workers_keep_one_pace(ledger: Ledger) -> None:
    paced(ledger, "http://127.0.0.1:1/", per_minute=60, notices=9)
    with ledger.transaction() as one, ledger.transaction() as other:
        assert len(claim(one, LEASE, 100, {})) == 1
        assert claim(other, LEASE, 100, {}) == []


def test_what_is_sent_by_its_pace_before_the_next_sweep_is_rung_for(ledger: Ledger) -> None:
    endpoint_id = paced(ledger, "http://127.0.0.1:1/", per_minute=60, notices=2)
    for opens_in, rung in ((0, True), (1, True), (30, False)):
        with ledger.transaction() as session:
            rests_until = now() + timedelta(seconds=opens_in)
            session.execute(
                update(Endpoint).where(Endpoint.id == endpoint_id).values(rests_until=rests_until)
            )
        with ledger.transaction() as session:
            assert ring_for_due(session) is rung


def test_what_is_due_follows_an_endpoint_to_its_new_address(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        change_endpoint(session, session.scalars(select(Endpoint)).one(), EndpointChange(url=receiver.url))
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert (read(ledger, delivery_id).state, read(ledger, delivery_id).address) == ("delivered", receiver.url)


@pytest.mark.parametrize("mended", ["moved", "enabled"])
def test_what_waits_for_a_later_attempt_leaves_at_once_when_its_endpoint_is_mended(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver, mended: str
) -> None:
    rung: list[Ring] = []
    listening = Ledger(settings, rung.extend)
    delivery_id = told(ledger, url="http://127.0.0.1:1/" if mended == "moved" else receiver.url)
    in_a_day = func.now() + timedelta(days=1)
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(due_at=in_a_day, tries=3))
        session.execute(update(Endpoint).values(rests_until=in_a_day, failing_since=func.now()))
    with listening.transaction() as session:
        change = EndpointChange(url=receiver.url) if mended == "moved" else EndpointChange(enabled=True)
        change_endpoint(session, session.scalars(select(Endpoint)).one(), change)
    listening.engine.dispose()
    assert rung == [Ring("deliver", "due")]
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "delivered"


def test_what_is_on_its_way_for_the_first_time_is_not_sent_twice_when_its_endpoint_moves(
    ledger: Ledger,
) -> None:
    told(ledger, url="http://127.0.0.1:1/")
    with ledger.transaction() as session:
        assert len(claim(session, LEASE, 100, {})) == 1
    with ledger.transaction() as session:
        change = EndpointChange(url="http://127.0.0.1:2/")
        change_endpoint(session, session.scalars(select(Endpoint)).one(), change)
    with ledger.transaction() as session:
        assert claim(session, LEASE, 100, {}) == []


def test_a_dead_letter_that_is_requeued_goes_where_its_endpoint_is_then(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
        change_endpoint(session, session.scalars(select(Endpoint)).one(), EndpointChange(url=receiver.url))
    assert read(ledger, delivery_id).address == "http://127.0.0.1:1/", "until then it says where it was to go"
    with ledger.transaction() as session:
        requeue(session, delivery_id)
    deliver(ledger, settings, transport)
    assert (read(ledger, delivery_id).state, read(ledger, delivery_id).address) == ("delivered", receiver.url)


def test_what_was_due_to_a_removed_endpoint_is_withdrawn(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    with ledger.transaction() as session:
        session.delete(session.scalars(select(Endpoint)).one())
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "withdrawn"
    assert receiver.received == []


def test_a_worker_that_is_to_stop_claims_nothing_more_and_rings_for_the_rest(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    rung: list[Ring] = []
    listening = Ledger(settings, rung.extend)
    endpoints(ledger, receiver.url, notices=9)
    asked = iter((False, True))
    deliver(listening, settings, transport, lambda: next(asked, True))
    listening.engine.dispose()
    assert len(receiver.received) == 1
    assert rung == [Ring("deliver", "due")]


def test_two_workers_share_what_is_due(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    endpoints(ledger, *(f"{receiver.url}/{number}" for number in range(20)), notices=10)
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(due_at=func.now()))
    workers = [threading.Thread(target=deliver, args=(ledger, settings, transport)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.received) == 200, "each went out once"
    with ledger.transaction() as session:
        assert set(session.scalars(select(Delivery.state))) == {"delivered"}


def test_what_was_claimed_and_could_not_be_begun_in_time_is_left_to_whoever_claims_it_next(
    ledger: Ledger,
    hasty: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "MOST", 1)
    monkeypatch.setattr(delivering, "LEEWAY_SECONDS", 0.2)
    receiver.behaviour = "silent"
    endpoints(ledger, *(f"{receiver.url}/{number}" for number in range(3)))
    deliver(ledger, hasty, transport)
    assert len(receiver.received) == 2, "after two that hang the lease of the third is nearly over"
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2
        assert session.scalar(select(func.count()).where(Delivery.state == "due", Delivery.tries == 0)) == 1

"""Endpoints: chosen events, changed secrets, replays, and what an endpoint's answers do to it."""

import json
from datetime import timedelta
from email.utils import format_datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, func, select, update
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from chaos.checker import check_always
from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.clock import now
from matcher.errors import Conflict, Invalid, NotFound
from matcher.notices.attempts import attempts_at
from matcher.notices.dead import Requeued
from matcher.notices.deliver import deliver
from matcher.notices.endpoints import (
    MOST,
    EndpointChange,
    add_endpoint,
    change_endpoint,
    get_endpoint,
    remove_endpoint,
    send_test,
)
from matcher.notices.events import Kind
from matcher.notices.record import Happening, record
from matcher.notices.replay import Replay, replay
from matcher.notices.settle import ATTEMPTS
from matcher.notices.signing import rotate_secret
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Endpoint, Event, Notice
from tests.chaos.sound import connect
from tests.market import party
from tests.notices.letters import answers, let_come_due, match_made, read, told
from tests.notices.test_words import ORDER


def endpoint_of(ledger: Ledger) -> Endpoint:
    with ledger.transaction() as session:
        return session.scalars(select(Endpoint)).one()


def replayed(ledger: Ledger, what: Replay) -> int:
    with ledger.transaction() as session:
        return replay(session, session.scalars(select(Endpoint)).one(), what).queued


def failing_since(ledger: Ledger, days: int) -> None:
    with ledger.transaction() as session:
        session.execute(update(Endpoint).values(failing_since=func.now() - timedelta(days=days)))


def test_an_endpoint_gets_the_events_it_chose_and_the_list_has_all(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        add_endpoint(session, buyer, "http://127.0.0.1:1/all")
        add_endpoint(session, buyer, "http://127.0.0.1:1/agreed", ["contract.agreed"])
        record(session, [match_made(buyer)])
        assert session.scalars(select(Delivery.address)).all() == ["http://127.0.0.1:1/all"]
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_the_specifications_own_library_verifies_and_refuses_a_forgery(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    (request,) = receiver.received
    verifier = Webhook(endpoint_of(ledger).secret)
    assert verifier.verify(request.body, dict(request.headers))["type"] == "match.made"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(request.body.replace(b"25000", b"99000"), dict(request.headers))


def test_for_a_day_both_secrets_sign_and_then_the_new_one_alone(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    former = endpoint_of(ledger).secret
    with ledger.transaction() as session:
        new = rotate_secret(session, session.scalars(select(Endpoint)).one())
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        session.execute(update(Endpoint).values(former_secret_until=func.now()))
    replayed(ledger, Replay(delivery_id=delivery_id))
    deliver(ledger, settings, transport)
    during, after = receiver.received
    for secret in (former, new):
        Webhook(secret).verify(during.body, dict(during.headers))
    Webhook(new).verify(after.body, dict(after.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(after.body, dict(after.headers))


def test_an_endpoint_that_is_gone_is_disabled_and_its_party_told(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "gone"
    deliver(ledger, settings, transport)
    assert (read(ledger, delivery_id).state, endpoint_of(ledger).disabled_reason) == ("dead", "gone")
    with ledger.transaction() as session:
        kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
        assert kinds == ["match.made", "endpoint.disabled"]
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1, "nothing more goes there"


def test_one_that_is_enabled_again_gets_what_it_missed_with_the_same_id(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "gone"
    deliver(ledger, settings, transport)
    with pytest.raises(Conflict, match="enable it first"):
        replayed(ledger, Replay(since=now() - timedelta(days=1)))
    with ledger.transaction() as session:
        change_endpoint(session, session.scalars(select(Endpoint)).one(), EndpointChange(enabled=True))
    receiver.behaviour = "honest"
    assert replayed(ledger, Replay(since=now() - timedelta(days=1))) == 1
    assert replayed(ledger, Replay(since=now() - timedelta(days=1))) == 0
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "delivered"
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


def test_one_that_fails_for_days_is_disabled_and_one_success_forgives_all(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    receiver.behaviour = "failing"
    deliver(ledger, settings, transport)
    assert endpoint_of(ledger).failing_since is not None
    failing_since(ledger, days=6)
    receiver.behaviour = "honest"
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert endpoint_of(ledger).failing_since is None

    replayed(ledger, Replay(delivery_id=delivery_id))
    receiver.behaviour = "failing"
    failing_since(ledger, days=6)
    deliver(ledger, settings, transport)
    assert endpoint_of(ledger).disabled_reason == "failing"
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "delivered", "it had arrived before"
    assert len(receiver.received) == 3, "a disabled endpoint is not called"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("3600", 3600),
        ("99999999", 86_400),
        ("9" * 5000, 86_400),
        ("000000000060", 60),
        ("in two hours", 7200),
        ("0", 5),
        ("soon", 5),
        ("-1", 5),
    ],
)
def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    asked: str,
    seconds: int,
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    if asked == "in two hours":  # from now on, not from when the tests were collected
        asked = format_datetime(now() + timedelta(hours=2), usegmt=True)
    receiver.behaviour, receiver.retry_after = "busy", asked
    before = now()
    deliver(ledger, settings, transport)
    due = read(ledger, delivery_id)
    wait = (due.due_at - before).total_seconds()
    assert seconds * 0.95 - 5 <= wait <= seconds * 1.1 + 60
    assert answers(due) == ["429 slowly"]


def test_a_replayed_delivery_has_its_whole_schedule_again(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    for _ in range(ATTEMPTS):
        deliver(ledger, settings, transport)
        let_come_due(ledger, delivery_id)
    assert read(ledger, delivery_id).state == "dead"
    replayed(ledger, Replay(delivery_id=delivery_id))
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "due"


def test_a_test_event_goes_to_its_endpoint_alone(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        add_endpoint(session, buyer, "http://127.0.0.1:1/other")
        tested = add_endpoint(session, buyer, receiver.url, ["contract.agreed"])
        delivery_id = send_test(session, tested)
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        ((attempt, of, kind),) = attempts_at(session, session.get_one(Endpoint, tested.id))
    assert (attempt.succeeded, of, kind) == (True, delivery_id, "endpoint.test")


@pytest.mark.parametrize("how", ["removed", "disabled"])
def test_what_is_due_to_an_endpoint_that_its_party_removes_or_disables_is_withdrawn_at_once(
    ledger: Ledger, how: str
) -> None:
    delivery_id = told(ledger, url="http://127.0.0.1:1/")
    with ledger.transaction() as session:
        endpoint = session.scalars(select(Endpoint)).one()
        if how == "removed":
            remove_endpoint(session, endpoint)
        else:
            change_endpoint(session, endpoint, EndpointChange(enabled=False))
    assert read(ledger, delivery_id).state == "withdrawn"


def test_what_becomes_due_to_an_endpoint_just_as_it_is_removed_is_withdrawn_and_says_why(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    with ledger.transaction() as session:
        session.execute(delete(Endpoint))
    deliver(ledger, settings, transport)
    assert read(ledger, delivery_id).state == "withdrawn"
    assert "removed" in answers(read(ledger, delivery_id))[0]
    assert receiver.received == []


def test_a_replay_has_what_happened_while_the_endpoint_was_disabled_once_and_of_its_kinds(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    with ledger.transaction() as session:
        buyer, other = party(session, "buyer"), party(session, "buyer")
        endpoint = add_endpoint(session, buyer, receiver.url, ["match.made", "order.filled"])
        change_endpoint(session, endpoint, EndpointChange(enabled=False))
        record(session, [match_made(buyer), match_made(buyer), match_made(other)])
        kinds: list[Kind] = ["order.posted", "order.filled", "order.reopened"]
        for kind in kinds:
            record(session, [Happening(kind, buyer.id, 1, ORDER, [buyer.id])])
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
        change_endpoint(session, endpoint, EndpointChange(enabled=True))
        missed = Replay(since=now() - timedelta(hours=1))
        assert replay(session, endpoint, missed) == Requeued(2, 1), "that it was filled is over"
        assert replay(session, endpoint, missed) == Requeued(0, 1)
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 2
    assert replayed(ledger, Replay(since=now() - timedelta(hours=1), delivered_too=True)) == 3
    deliver(ledger, settings, transport)
    assert [json.loads(each.body)["type"] for each in receiver.received].count("order.filled") == 1
    with connect(settings) as connection:
        assert not [each for each in check_always(connection) if "deliveries" in str(each)]


def test_a_disabled_endpoint_is_not_tested(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        endpoint = add_endpoint(session, party(session, "buyer"), "http://127.0.0.1:1/")
        change_endpoint(session, endpoint, EndpointChange(enabled=False))
        with pytest.raises(Conflict, match="enable it first"):
            send_test(session, endpoint)


def test_others_neither_see_an_endpoint_nor_replay_its_deliveries(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        mine, other = party(session, "buyer"), party(session, "buyer")
        endpoint = add_endpoint(session, mine, "http://127.0.0.1:1/")
        others = add_endpoint(session, other, "http://127.0.0.1:1/")
        record(session, [match_made(other)])
        theirs = session.scalars(select(Delivery.id)).one()
        with pytest.raises(NotFound):
            get_endpoint(session, endpoint.id, other)
        with pytest.raises(NotFound):
            replay(session, endpoint, Replay(delivery_id=theirs))
        with pytest.raises(Invalid):
            replay(session, others, Replay())


def test_a_party_has_so_many_endpoints_and_each_address_once(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        for number in range(MOST):
            add_endpoint(session, buyer, f"https://erp.example.vn/{number}")
        with pytest.raises(Conflict):
            add_endpoint(session, buyer, "https://erp.example.vn/more")
        odd = (
            "https://a b/",
            "https://erp.example.vn:99999/",
            "https://name:word@erp.example.vn/",
            "http://%31/",
            "https://erp..example.vn/",
            "https://.example.vn/",
            "https://./",
            f"https://{'a' * 64}.example.vn/",
            f"https://{'ă' * 60}.example.vn/",
            "http://[v1.x]/",
            "http://☃.vn/",
            "http://xn--a.vn/",
            "http://xn--0000000.vn/",
            "https://127.0.0.1\\.example.vn/",
            'https://a"b.vn/',
            "https://a,b.vn/",
            "http://256.1.1.1/",
            "https://1.2.3.4.5/",
            "https://a.123/",
            "https://1.2.3/",
            "https://134744072/",
            "https://example.0x8/",
            "https://-a-.vn/",
            "https://a-.example.vn/",
            f"https://{'a.' * 126}vn/",
        )
        for url in ("ftp://example.vn", "https://", "http://[", "na", *odd):
            with pytest.raises(Invalid):
                add_endpoint(session, party(session, "buyer"), url)
        taken = ("https://203.162.4.191./", "https://4.vn/", "https://a--b.vn/", f"https://{'a.' * 125}vn./")
        for url in (
            "https://chợ.vn/hook",
            "https://erp.example.vn/móc?ngày=1",
            "http://[2001:db8::1]:8080/",
            *taken,
        ):
            add_endpoint(session, party(session, "buyer"), url)


def test_endpoint_ids_are_not_confused_with_others(ledger: Ledger) -> None:
    with ledger.transaction() as session, pytest.raises(NotFound):
        get_endpoint(session, UUID(int=7), party(session, "operator"))


def test_an_endpoint_may_move_to_where_another_was_told_of_the_same(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        first, second = (add_endpoint(session, buyer, f"http://127.0.0.1:1/{name}") for name in "ab")
        record(session, [match_made(buyer)])
        session.flush()
        change_endpoint(session, first, EndpointChange(url="http://127.0.0.1:1/c"))
        session.execute(update(Delivery).where(Delivery.endpoint_id == first.id).values(state="delivered"))
        change_endpoint(session, first, EndpointChange(url="http://127.0.0.1:1/d"))
        change_endpoint(session, second, EndpointChange(url="http://127.0.0.1:1/c"))
        addresses = session.scalars(select(Delivery.address).order_by(Delivery.address)).all()
        assert addresses == ["http://127.0.0.1:1/b", "http://127.0.0.1:1/c"]

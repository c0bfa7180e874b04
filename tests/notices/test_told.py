"""What became of each notice, for both sides to see."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import Behaviour, WebhookReceiver
from matcher.clock import now
from matcher.notices.deliver import deliver
from matcher.notices.endpoints import EndpointChange, change_endpoint, remove_endpoint
from matcher.notices.inbox import list_notices
from matcher.notices.record import record
from matcher.notices.replay import Replay, replay
from matcher.notices.told import Told, told_of
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Delivery, Endpoint, Event, Notice, Party
from matcher.store.withdrawn import withdraw_told
from tests.market import party
from tests.notices.letters import let_come_due, match_made, read, told

OPENED = now()


def entry(ledger: Ledger) -> Told:
    """The only notice of the only match, as both sides of its contract see it."""
    with ledger.transaction() as session:
        of_match = select(Event.subject_id, Notice.party_id).join(Notice, Notice.event_id == Event.id)
        subject, party_id = session.execute(of_match.where(Event.kind == "match.made")).one()
        contract = Contract(match_id=subject, seller_id=party_id, opened_by_seller_at=OPENED)
        (only,) = told_of(session, contract)
        return only


def test_a_notice_is_queued_failed_delivered_or_dead(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    assert entry(ledger).state == "queued"
    receiver.behaviour = "failing"
    deliver(ledger, settings, transport)
    assert entry(ledger).state == "failed"
    receiver.behaviour = "honest"
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert entry(ledger).state == "delivered"
    assert read(ledger, delivery_id).delivered_at
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
    assert entry(ledger).state == "dead"


@pytest.mark.parametrize(
    ("channel", "kept", "state"),
    [
        ("email", {"state": "delivered"}, "sent"),
        ("sms", {"state": "delivered"}, "sent"),
        ("zalo", {"state": "delivered", "arrived_at": func.now()}, "delivered"),
        ("sms", {"state": "withdrawn"}, "withdrawn"),
    ],
)
def test_a_server_that_took_it_over_has_sent_it_and_only_a_report_makes_it_delivered(
    ledger: Ledger, channel: str, kept: dict[str, object], state: str
) -> None:
    told(ledger, email="mua@example.vn")
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(channel=channel, **kept))
    assert entry(ledger).state == state
    with ledger.transaction() as session:
        operator = party(session, "operator")
        (notice,) = list_notices(session, operator, ledger.settings)
        assert [each.state for each in notice.deliveries] == [state]


def test_who_has_no_channel_reads_the_list_and_when_it_opened_the_contract_is_known(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, [match_made(party(session, "buyer"))])
        assert session.scalars(select(Party.email)).all() == [None]
    only = entry(ledger)
    assert (only.state, only.channel) == ("in list only", None)
    assert only.opened_at is not None


def replay_all(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        again = Replay(since=now() - timedelta(days=1), delivered_too=True)
        assert replay(session, session.scalars(select(Endpoint)).one(), again).queued == 1


@pytest.mark.parametrize("then", ["disabled", "removed"])
def test_what_arrived_stays_delivered_with_its_time_when_its_replay_is_withdrawn(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver, then: str
) -> None:
    told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    arrived = entry(ledger)
    replay_all(ledger)
    assert entry(ledger) == arrived, "while the replay waits"
    with ledger.transaction() as session:
        endpoint = session.scalars(select(Endpoint)).one()
        if then == "disabled":
            change_endpoint(session, endpoint, EndpointChange(enabled=False))
        else:
            remove_endpoint(session, endpoint)
    deliver(ledger, settings, transport)
    assert entry(ledger) == arrived
    assert (arrived.state, len(receiver.received)) == ("delivered", 1)
    with ledger.transaction() as session:
        assert session.scalars(select(Delivery.state)).one() == "delivered"


@pytest.mark.parametrize("behaviour", ["honest", "failing", "gone"])
def test_what_arrived_stays_delivered_with_its_time_whatever_comes_of_its_replay(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    behaviour: Behaviour,
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    arrived = entry(ledger)
    replay_all(ledger)
    receiver.behaviour = behaviour
    deliver(ledger, settings, transport)
    assert len(receiver.received) == 2
    assert entry(ledger) == arrived.model_copy(update={"attempts": 2})
    waits = "due" if behaviour == "failing" else "delivered"
    assert read(ledger, delivery_id).state == waits, "what fails is tried again"


def test_one_that_arrived_and_is_overtaken_while_its_replay_waits_stays_delivered(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    arrived = entry(ledger)
    replay_all(ledger)
    with ledger.transaction() as session:
        withdraw_told(session, [("match.made", session.scalars(select(Event.subject_id)).one())])
    assert entry(ledger) == arrived

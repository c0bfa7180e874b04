"""What became of each notice, for both sides to see."""

import httpx
from sqlalchemy import select, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.notices.deliver import deliver
from matcher.notices.told import State, told_of
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Event
from tests.notices.letters import let_come_due, read, told


def state(ledger: Ledger) -> State:
    with ledger.transaction() as session:
        (subject,) = session.scalars(select(Event.subject_id))
        (entry,) = told_of(session, [subject])
        return entry.state


def test_a_notice_is_queued_failed_delivered_or_dead(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    assert state(ledger) == "queued"
    receiver.behaviour = "failing"
    deliver(ledger, settings, transport)
    assert state(ledger) == "failed"
    receiver.behaviour = "honest"
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert state(ledger) == "delivered"
    assert read(ledger, delivery_id).delivered_at
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
    assert state(ledger) == "dead"


def test_of_a_mail_it_is_known_that_a_server_took_it_over_and_no_more(ledger: Ledger) -> None:
    told(ledger, email="mua@example.vn")
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(state="delivered"))
    assert state(ledger) == "sent"

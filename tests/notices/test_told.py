"""What became of each notice, for both sides to see."""

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.clock import now
from matcher.notices.deliver import deliver
from matcher.notices.inbox import list_notices
from matcher.notices.record import record
from matcher.notices.told import Told, told_of
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Delivery, Event, Notice, Party
from tests.market import party
from tests.notices.letters import let_come_due, match_made, read, told


def entry(ledger: Ledger) -> Told:
    """The only notice of the only event, as both sides of its contract see it."""
    with ledger.transaction() as session:
        (subject,) = session.scalars(select(Event.subject_id))
        (party_id,) = session.scalars(select(Notice.party_id))
        contract = Contract(match_id=subject, seller_id=party_id, opened_by_seller_at=now())
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

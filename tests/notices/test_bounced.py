"""An address at which nothing arrives rests until it is corrected or confirmed; its party hears of it."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from config.settings import Settings
from demo.receivers import MailReceiver
from matcher.notices.contacts import ContactChange, ContactPost, add_contact, change_contact
from matcher.notices.dead import requeue
from matcher.notices.deliver import deliver
from matcher.notices.endpoints import add_endpoint
from matcher.notices.record import record
from matcher.notices.reported import came_back
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Delivery, Event, Notice, Party
from tests.market import party
from tests.notices.letters import answers, match_made, read, told

NOBODY = "nobody@example.vn"


@pytest.fixture
def refusing() -> Iterator[MailReceiver]:
    with MailReceiver(refusing="550 5.1.1 no such mailbox") as server:
        yield server


@pytest.fixture
def with_mail(settings: Settings, refusing: MailReceiver) -> Settings:
    return settings.model_copy(update={"smtp_url": refusing.url})


def tell(ledger: Ledger, address: str) -> list[str]:
    """Tells the party of this contact of another match; returns where it is told."""
    with ledger.transaction() as session:
        owner = session.scalars(select(Contact.party_id).where(Contact.address == address)).one()
        happening = match_made(session.get_one(Party, owner))
        record(session, [happening])
        own = select(Delivery.address).join(Notice, Notice.id == Delivery.notice_id)
        of_event = own.join(Event, Event.id == Notice.event_id)
        return sorted(session.scalars(of_event.where(Event.subject_id == happening.subject_id)))


def change(ledger: Ledger, at: str, **changes: object) -> None:
    with ledger.transaction() as session:
        contact = session.scalars(select(Contact).where(Contact.address == at)).one()
        change_contact(session, contact, ContactChange.model_validate(changes))


def test_nothing_more_is_sent_there_until_it_is_confirmed_or_corrected(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport
) -> None:
    told(ledger, email=NOBODY)
    deliver(ledger, with_mail, transport)
    assert tell(ledger, NOBODY) == []
    change(ledger, NOBODY, bounced=False)
    assert tell(ledger, NOBODY) == [NOBODY], "its owner says that it is right"
    deliver(ledger, with_mail, transport)
    assert tell(ledger, NOBODY) == [], "it was not"
    change(ledger, NOBODY, address="mua@example.vn")
    assert tell(ledger, "mua@example.vn") == ["mua@example.vn"]


def test_what_was_due_there_is_dead_at_once_and_goes_out_when_it_is_requeued_after_the_correction(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, refusing: MailReceiver
) -> None:
    first = told(ledger, email=NOBODY)
    deliver(ledger, with_mail, transport)
    with ledger.transaction() as session:
        requeue(session, first)
    deliver(ledger, with_mail, transport)
    waits = read(ledger, first)
    assert waits.state == "dead"
    assert "bounced" in answers(waits)[-1]
    refusing.refusing = ""
    change(ledger, NOBODY, address="mua@example.vn")
    with ledger.transaction() as session:
        requeue(session, first)
    deliver(ledger, with_mail, transport)
    assert [mail["To"].addresses[0].addr_spec for mail in refusing.received] == ["mua@example.vn"]


def test_its_party_is_told_once_by_its_other_channels_and_so_are_the_operators(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport
) -> None:
    told(ledger, email=NOBODY)
    with ledger.transaction() as session:
        owner = session.get_one(Party, session.scalars(select(Contact.party_id)).one())
        add_endpoint(session, owner, "http://127.0.0.1:1/")
        add_contact(session, owner, ContactPost.model_validate({"channel": "sms", "address": "0912345678"}))
        operator = party(session, "operator")
        add_endpoint(session, operator, "http://127.0.0.1:1/ops")
        record(session, [match_made(owner), match_made(owner)])
    deliver(ledger, with_mail, transport)
    with ledger.transaction() as session:
        event = session.scalars(select(Event).where(Event.kind == "contact.bounced")).one()
        notices = session.scalars(select(Notice).where(Notice.event_id == event.id)).all()
        assert {notice.party_id for notice in notices} == {owner.id, operator.id}
        ways = [delivery.address for notice in notices for delivery in notice.deliveries]
    assert event.data["address"] == NOBODY
    assert event.data["answer"] == "550 5.1.1 no such mailbox"
    assert sorted(ways) == ["+84912345678", "http://127.0.0.1:1/", "http://127.0.0.1:1/ops"]


def test_a_report_of_a_former_address_does_not_hold_up_the_corrected_one(ledger: Ledger) -> None:
    delivery_id = told(ledger, email=NOBODY)
    with ledger.transaction() as session:
        session.get_one(Delivery, delivery_id).state = "delivered"
    change(ledger, NOBODY, address="mua@example.vn")
    with ledger.transaction() as session:
        came_back(session, delivery_id, "550 5.1.1 no such mailbox", bounced=True)
    assert read(ledger, delivery_id).state == "dead"
    assert tell(ledger, "mua@example.vn") == ["mua@example.vn"]

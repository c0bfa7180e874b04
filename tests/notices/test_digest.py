"""The one mail a day: all that happened, by what it is about, each notice of it on record."""

import threading
from datetime import time, timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import MailReceiver
from matcher.clock import VIETNAM, now
from matcher.notices.contacts import ContactChange, ContactPost, add_contact, change_contact, list_contacts
from matcher.notices.dead import requeue
from matcher.notices.deliver import deliver
from matcher.notices.record import Happening, record
from matcher.parties import remove_contact
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Delivery, Party
from tests.market import party
from tests.notices.dying import Killed, dying_before_it_records
from tests.notices.letters import answers, match_made, read
from tests.notices.test_words import MOVED, ORDER

BEFORE_THE_MARKET = time(5, 30)


def reader(ledger: Ledger, language: str = "vi") -> Party:
    """A party with one contact, that reads one mail a day."""
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        said = {"channel": "email", "address": f"{buyer.id}@example.vn", "language": language}
        add_contact(session, buyer, ContactPost.model_validate(said | {"digest_at": BEFORE_THE_MARKET}))
        return buyer


def happen(ledger: Ledger, buyer: Party, count: int = 2) -> list[UUID]:
    """Tells the party of so many matches; returns the deliveries' ids."""
    with ledger.transaction() as session:
        known = set(session.scalars(select(Delivery.id)))
        record(session, [match_made(buyer) for _ in range(count)])
        return [
            each for each in session.scalars(select(Delivery.id).order_by(Delivery.id)) if each not in known
        ]


def let_morning_come(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        session.execute(update(Delivery).where(Delivery.state == "due").values(due_at=func.now()))


def text_of(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


@pytest.fixture
def with_mail(settings: Settings, server: MailReceiver) -> Settings:
    return settings.model_copy(update={"smtp_url": server.url, "public_url": "https://cho.example"})


def test_nothing_leaves_before_the_morning_and_then_all_in_one_mail_by_what_it_is_about(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    buyer = reader(ledger)
    deliveries = happen(ledger, buyer)
    with ledger.transaction() as session:
        record(session, [
            Happening("order.filled", uuid4(), 1, {**ORDER, "order_id": str(uuid4())}, [buyer.id]),
            Happening("contract.agreed", uuid4(), 1, MOVED, [buyer.id]),
        ])  # fmt: skip
        due = set(session.scalars(select(Delivery.due_at)))
    (morning,) = due
    assert morning.astimezone(VIETNAM).time() == BEFORE_THE_MARKET
    assert timedelta(0) < morning - now() <= timedelta(days=1)
    deliver(ledger, with_mail, transport)
    assert server.received == []
    let_morning_come(ledger)
    deliver(ledger, with_mail, transport)
    (mail,) = server.received
    assert str(mail["Subject"]).startswith("4 tin mới, đến ")
    affairs = text_of(mail).split("\n\n")[1:3]
    assert [affair.count("\n") for affair in affairs] == [3, 1], "three of the contract, one of the lot"
    assert "hai bên đã chấp thuận" in affairs[0]
    assert affairs[0].endswith("https://cho.example/c/q3lZ0cV2mYk1Xb9T8uHnRw")
    assert "đã khớp hết" in affairs[1]
    assert "/stop/" in text_of(mail)
    for delivery_id in deliveries:
        delivery = read(ledger, delivery_id)
        assert delivery.state == "delivered"
        assert answers(delivery) == ["taken over by 127.0.0.1"]


def test_what_is_wanted_at_once_does_not_wait_for_the_digest(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    buyer = reader(ledger)
    with ledger.transaction() as session:
        (contact,) = session.scalars(select(Contact))
        change_contact(session, contact, ContactChange(at_once=["contract.lapsing"]))
    happen(ledger, buyer)
    with ledger.transaction() as session:
        record(session, [Happening("contract.lapsing", uuid4(), 1, MOVED, [buyer.id])])
    deliver(ledger, with_mail, transport)
    (mail,) = server.received
    assert "sắp hết hạn" in str(mail["Subject"])


def test_each_contact_gets_its_own_and_in_its_own_language(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    with_one, with_three = reader(ledger, "en"), reader(ledger)
    happen(ledger, with_one, 1)
    happen(ledger, with_three, 3)
    let_morning_come(ledger)
    deliver(ledger, with_mail, transport)
    subjects = {mail["To"].addresses[0].addr_spec: str(mail["Subject"]) for mail in server.received}
    assert len(server.received) == 2
    assert subjects[f"{with_one.id}@example.vn"].startswith("1 item of news, until ")
    assert subjects[f"{with_three.id}@example.vn"].startswith("3 tin mới")


def test_many_workers_at_a_morning_send_each_digest_once_and_whole(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    readers = [reader(ledger) for _ in range(6)]
    for buyer in readers:
        happen(ledger, buyer, 20)
    let_morning_come(ledger)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        deliver(ledger, with_mail, transport)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [str(mail["Subject"])[:10] for mail in server.received] == ["20 tin mới"] * len(readers)
    with ledger.transaction() as session:
        assert set(session.scalars(select(Delivery.state))) == {"delivered"}


def test_what_was_gathered_for_a_contact_that_is_removed_is_withdrawn(
    ledger: Ledger, with_mail: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    buyer = reader(ledger)
    deliveries = happen(ledger, buyer)
    with ledger.transaction() as session:
        remove_contact(session, list_contacts(session, buyer.id)[0])
    let_morning_come(ledger)
    deliver(ledger, with_mail, transport)
    assert server.received == []
    assert {read(ledger, each).state for each in deliveries} == {"withdrawn"}


def test_a_digest_of_a_worker_that_died_before_recording_it_is_sent_again_with_its_id_and_nothing_new_in_it(
    ledger: Ledger,
    with_mail: Settings,
    transport: httpx.HTTPTransport,
    server: MailReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = reader(ledger)
    deliveries = happen(ledger, buyer)
    let_morning_come(ledger)
    with dying_before_it_records(monkeypatch), pytest.raises(Killed):
        deliver(ledger, with_mail, transport)
    assert {read(ledger, each).state for each in deliveries} == {"due"}
    late = happen(ledger, buyer, 1)
    let_morning_come(ledger)
    deliver(ledger, with_mail, transport)
    first, *others = server.received
    ids = [str(mail["Message-ID"]) for mail in others]
    assert sorted(ids) == sorted([str(first["Message-ID"]), f"<{late[0]}@localhost>"])
    again = next(mail for mail in others if mail["Message-ID"] == first["Message-ID"])
    assert text_of(again) == text_of(first)
    assert {read(ledger, each).state for each in deliveries + late} == {"delivered"}


def test_a_digest_that_fails_fails_for_all_that_is_in_it_and_is_tried_again_as_one(
    ledger: Ledger,
    settings: Settings,
    with_mail: Settings,
    transport: httpx.HTTPTransport,
    server: MailReceiver,
) -> None:
    buyer = reader(ledger)
    deliveries = happen(ledger, buyer, 3)
    let_morning_come(ledger)
    server.refusing = "451 4.3.0 come again later"
    deliver(ledger, with_mail, transport)
    tried = [read(ledger, each) for each in deliveries]
    assert {(each.state, each.tries) for each in tried} == {("due", 1)}
    assert len({each.due_at for each in tried}) == 1
    server.refusing = "550 5.1.1 no such mailbox"
    let_morning_come(ledger)
    deliver(ledger, with_mail, transport)
    assert {read(ledger, each).state for each in deliveries} == {"dead"}
    with ledger.transaction() as session:
        contact = session.scalars(select(Contact)).one()
        assert contact.bounce == "550 5.1.1 no such mailbox"
        change_contact(session, contact, ContactChange(bounced=False))
        requeue(session, deliveries[1])
    server.refusing = ""
    deliver(ledger, with_mail, transport)
    (mail,) = server.received
    assert mail["Message-ID"] == f"<{deliveries[1]}@localhost>", "another mail than the one that was refused"
    assert [read(ledger, each).state for each in deliveries] == ["dead", "delivered", "dead"]

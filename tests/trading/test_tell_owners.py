"""Owners learn what became of their orders, each time once, in the order it happened."""

from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.book.lots import amend_lot
from matcher.book.orders import expire, withdraw
from matcher.book.page_link import order_page_path
from matcher.catalogue import Catalogue
from matcher.clock import now, today
from matcher.contracts.life import decline, lapse
from matcher.knowledge import Knowledge
from matcher.notices.endpoints import add_endpoint
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Delivery, Event, Lot, Notice, OrderNews, Party
from matcher.trading.clear import clear
from matcher.trading.tell_owners import tell_owners
from tests.market import day, demand, lot, party


def told(ledger: Ledger, catalogue: Catalogue) -> list[str]:
    """What is told now, in order."""
    with ledger.transaction() as session:
        before = session.scalars(select(Event.id)).all()
    with ledger.transaction() as session:
        tell_owners(session, catalogue)
    with ledger.transaction() as session:
        new = select(Event.kind).where(Event.id.not_in(before)).order_by(Event.occurred_at, Event.id)
        return [kind.removeprefix("order.") for kind in session.scalars(new)]


def owner_of(session: Session, order: Lot) -> Party:
    return session.get_one(Party, order.party_id)


def test_an_owner_is_told_of_every_turn_of_its_order_once_and_of_nobody_elses(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        offered = lot(session, party(session, "producer"), knowledge)
        party(session, "producer")
    assert told(ledger, knowledge.catalogue) == ["posted"]
    assert told(ledger, knowledge.catalogue) == []
    for changes in ({"ask": 20_000}, {"ask": 21_000}):
        with ledger.transaction() as session:
            amend_lot(session, owner_of(session, offered), offered.id, changes, None, knowledge)
    with ledger.transaction() as session:
        withdraw(session, Lot, offered.id, owner_of(session, offered))
    assert told(ledger, knowledge.catalogue) == ["amended", "amended", "withdrawn"]
    with ledger.transaction() as session:
        assert set(session.scalars(select(Notice.party_id))) == {offered.party_id}
        data = session.scalars(select(Event.data).where(Event.kind == "order.withdrawn")).one()
    assert data == {
        "order": "lot",
        "order_id": str(offered.id),
        "order_page": order_page_path(offered),
        "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
        "quantity_kg": "1000",
        "remaining_kg": "1000",
        "last_day": offered.expires_on.isoformat(),
        "by_owner": True,
    }


def test_one_matched_in_full_is_filled_and_open_again_when_its_contract_falls_through(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        lot(session, seller, knowledge, quantity_kg=600)
        demand(session, buyer, knowledge, quantity_kg=600)
    assert told(ledger, knowledge.catalogue) == ["posted", "posted"]
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    assert told(ledger, knowledge.catalogue) == ["filled", "filled"]
    with ledger.transaction() as session:
        decline(session, session.scalars(select(Contract.id)).one(), buyer, "Vì lý do khác")
    assert told(ledger, knowledge.catalogue) == ["reopened", "reopened"]


def test_each_turn_is_told_as_the_order_stood_then_however_late_it_is_told(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        offered = lot(session, seller, knowledge, quantity_kg=600)
        demand(session, buyer, knowledge, quantity_kg=600)
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with ledger.transaction() as session:
        decline(session, session.scalars(select(Contract.id)).one(), buyer, "Vì lý do khác")
    with ledger.transaction() as session:
        changes = {"quantity_kg": 900, "harvest_until": day(5)}
        amend_lot(session, seller, offered.id, changes, None, knowledge)
    told(ledger, knowledge.catalogue)
    with ledger.transaction() as session:
        own = select(Event).where(Event.subject_id == offered.id).order_by(Event.occurred_at, Event.id)
        events = session.scalars(own).all()
    assert [
        (each.kind, each.data["quantity_kg"], each.data["remaining_kg"], each.data["by_owner"])
        for each in events
    ] == [
        ("order.posted", "600", "600", True), ("order.filled", "600", "0", False),
        ("order.reopened", "600", "600", False), ("order.amended", "900", "900", True),
    ]  # fmt: skip
    assert len({each.data["last_day"] for each in events}) == 2


def test_one_whose_last_day_has_passed_is_expired(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge)
    with ledger.transaction() as session:
        expire(session, today() + timedelta(days=60))
    assert told(ledger, knowledge.catalogue) == ["posted", "expired"]


def test_the_day_before_its_last_an_owner_is_reminded_once(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        offered = lot(session, party(session, "producer"), knowledge)
        (at,) = session.scalars(select(OrderNews.due_at).where(OrderNews.what == "expiring"))
    assert timedelta(0) < offered.expires_on - at.date() <= timedelta(days=1)
    assert told(ledger, knowledge.catalogue) == ["posted"]

    def noon_comes(expires_in: int) -> None:
        with ledger.transaction() as session:
            session.execute(update(Lot).values(expires_on=today() + timedelta(days=expires_in)))
            session.execute(update(OrderNews).values(due_at=now(), happened_at=now()))

    noon_comes(expires_in=5)
    assert told(ledger, knowledge.catalogue) == [], "it was amended to last longer"
    noon_comes(expires_in=1)
    assert told(ledger, knowledge.catalogue) == ["expiring"]
    with ledger.transaction() as session:
        reminder = session.scalars(select(Event).where(Event.kind == "order.expiring")).one()
        assert reminder.data["last_day"] == day(1)
        assert reminder.occurred_at > now() - timedelta(hours=1), "not when it was noted"
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(OrderNews)) == 0


def test_nobody_is_reminded_of_what_is_no_longer_open(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        offered = lot(session, party(session, "producer"), knowledge)
        withdraw(session, Lot, offered.id, owner_of(session, offered))
        session.execute(update(OrderNews).values(due_at=now()))
    assert set(told(ledger, knowledge.catalogue)) == {"posted", "withdrawn"}


def test_nobody_gets_a_mail_of_what_it_did_itself_but_every_webhook_has_it(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer", email="htx@example.vn")
        add_endpoint(session, seller, "http://127.0.0.1:1/")
        lot(session, seller, knowledge)
    with ledger.transaction() as session:
        expire(session, today() + timedelta(days=60))
    assert told(ledger, knowledge.catalogue) == ["posted", "expired"]
    with ledger.transaction() as session:
        sent = session.execute(
            select(Event.kind, Delivery.channel)
            .join(Notice, Notice.event_id == Event.id)
            .join(Delivery, Delivery.notice_id == Notice.id)
        ).all()
    assert sorted(map(tuple, sent)) == [
        ("order.expired", "email"), ("order.expired", "webhook"), ("order.posted", "webhook"),
    ]  # fmt: skip


def matched(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Party:
    """A lot and a demand of persons with mail, matched in full; returns the buyer."""
    with ledger.transaction() as session:
        seller = party(session, "producer", email="htx@example.vn")
        buyer = party(session, "buyer", email="mua@example.vn")
        lot(session, seller, knowledge, quantity_kg=600)
        demand(session, buyer, knowledge, quantity_kg=600)
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    return buyer


def test_a_person_hears_that_its_order_is_open_again_unless_its_own_party_declined(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    buyer = matched(ledger, knowledge, settings)
    with ledger.transaction() as session:
        decline(session, session.scalars(select(Contract.id)).one(), buyer, "Vì lý do khác")
    told(ledger, knowledge.catalogue)
    assert mailed(ledger, "order.reopened") == ["htx@example.vn"]


def test_a_person_hears_of_a_lapse_whichever_side_it_is(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    matched(ledger, knowledge, settings)
    with ledger.transaction() as session:
        session.execute(update(Contract).values(deadline_at=now()))
        assert lapse(session) == 1
    told(ledger, knowledge.catalogue)
    assert mailed(ledger, "order.reopened") == ["htx@example.vn", "mua@example.vn"]


def mailed(ledger: Ledger, kind: str) -> list[str]:
    """The addresses that get a mail of these events."""
    with ledger.transaction() as session:
        told_of = select(Delivery.address).join(Notice, Notice.id == Delivery.notice_id)
        of_kind = told_of.join(Event, Event.id == Notice.event_id).where(Event.kind == kind)
        return sorted(session.scalars(of_kind))

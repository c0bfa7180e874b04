"""What was over before it was sent is withdrawn; what was sent is followed by its correction."""

from datetime import timedelta
from typing import get_args

import httpx
import pytest
from sqlalchemy import select, update

from chaos.checker import check_always
from config.settings import Settings
from demo.receivers import MailReceiver, WebhookReceiver
from matcher.clock import now
from matcher.contracts.amendments import decline_amendment
from matcher.contracts.life import Reason
from matcher.errors import Conflict
from matcher.knowledge import Knowledge
from matcher.notices.answered import Answered, note_answers
from matcher.notices.contacts import ContactChange, ContactPost, add_contact, change_contact, note_bounce
from matcher.notices.dead import DeadLetters, Requeued, requeue, requeue_dead
from matcher.notices.deliver import deliver
from matcher.notices.due import claim
from matcher.notices.endpoints import EndpointChange, add_endpoint, change_endpoint
from matcher.notices.events import Kind
from matcher.notices.inbox import list_notices
from matcher.notices.letter import outcome
from matcher.notices.overtaken import OVERTAKES
from matcher.notices.record import Happening, record
from matcher.notices.replay import Replay, replay
from matcher.notices.settle import Made, settle
from matcher.notices.told import told_of
from matcher.parties import remove_contact
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Contract, Delivery, Endpoint, Event, Notice
from tests.chaos.sound import connect
from tests.contracts.deal import Deal
from tests.contracts.test_life import ENDS
from tests.market import party
from tests.notices.letters import match_made
from tests.notices.test_words import ORDER


@pytest.fixture
def deal(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Deal:
    return Deal(ledger, knowledge, settings, email="mua@example.vn")


def states(ledger: Ledger) -> dict[str, str]:
    """How each event's only delivery stands."""
    with ledger.transaction() as session:
        told = select(Event.kind, Delivery.state).join(Notice, Notice.event_id == Event.id)
        rows = session.execute(told.join(Delivery, Delivery.notice_id == Notice.id))
        return {kind: state for kind, state in rows}  # noqa: C416  # rows are no tuples to mypy


@pytest.mark.parametrize("end", ENDS)
def test_of_a_match_that_died_before_it_was_told_only_the_end_is_told_and_the_rest_is_seen_to_be_withdrawn(
    deal: Deal, end: str, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    ENDS[end](deal)
    assert states(deal.ledger) == {"match.made": "withdrawn", f"contract.{end}": "due"}
    deliver(deal.ledger, deal.settings.model_copy(update={"smtp_url": server.url}), transport)
    assert len(server.received) == 1
    with deal.ledger.transaction() as session:
        told = told_of(session, session.get_one(Contract, deal.id))
        seen = [each.state for each in told if each.party_id == deal.buyer.id]
        assert seen == ["withdrawn", "sent"]
        newest, first = list_notices(session, deal.buyer, deal.settings)
        assert [each.state for each in (*first.deliveries, *newest.deliveries)] == ["withdrawn", "sent"]
    with connect(deal.settings) as connection:
        assert check_always(connection) == []


def test_what_was_sent_is_followed_by_its_correction_in_the_same_thread(
    deal: Deal, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    with_mail = deal.settings.model_copy(update={"smtp_url": server.url})
    deliver(deal.ledger, with_mail, transport)
    deal.decline(deal.seller)
    deliver(deal.ledger, with_mail, transport)
    assert states(deal.ledger) == {"match.made": "delivered", "contract.declined": "delivered"}
    told, correction = server.received
    assert told["References"] == correction["References"]
    assert "đã từ chối" in str(correction["Subject"])


def test_an_acceptance_is_overtaken_by_the_agreement_and_the_match_is_not(deal: Deal) -> None:
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    assert states(deal.ledger) == {
        "match.made": "due",
        "contract.accepted": "withdrawn",
        "contract.agreed": "due",
    }


def test_a_proposal_is_overtaken_by_its_answer_and_nothing_else_is(deal: Deal) -> None:
    proposal = deal.propose(deal.seller, price=24_000)
    assert states(deal.ledger)["contract.amendment_proposed"] == "due"
    with deal.ledger.transaction() as session:
        decline_amendment(session, deal.id, proposal, deal.buyer, Reason(reason="Giá đã đổi"))
    assert states(deal.ledger) == {
        "match.made": "due",
        "contract.amendment_proposed": "withdrawn",
        "contract.amendment_declined": "due",
    }


def test_what_rests_at_an_endpoint_is_withdrawn_and_can_be_replayed(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    with ledger.transaction() as session:
        owner = party(session, "producer")
        endpoint = add_endpoint(session, owner, receiver.url)
        kinds: list[Kind] = ["order.expiring", "order.posted"]
        for kind in kinds:
            record(session, [Happening(kind, owner.id, 1, ORDER, [owner.id])])
    receiver.behaviour = "failing"
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        record(session, [Happening("order.filled", owner.id, 1, ORDER, [owner.id])])
    assert states(ledger) == {"order.expiring": "withdrawn", "order.posted": "due", "order.filled": "due"}
    receiver.behaviour = "honest"
    with ledger.transaction() as session:
        kept = session.get_one(Endpoint, endpoint.id)
        assert replay(
            session, kept, Replay(since=now() - timedelta(hours=1), delivered_too=True)
        ) == Requeued(1, 0)
    deliver(ledger, settings, transport)
    assert states(ledger)["order.expiring"] == "delivered"


def test_that_an_order_was_filled_is_not_told_once_it_is_open_again(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        owner = party(session, "buyer", email="mua@example.vn")
        add_endpoint(session, owner, "https://erp.example.vn/hook")
        told: list[tuple[Kind, int]] = [("order.filled", 2), ("order.reopened", 3), ("order.filled", 4)]
        for kind, version in told:
            record(session, [Happening(kind, owner.id, version, ORDER, [owner.id])])
    with ledger.transaction() as session:
        rows = session.execute(
            select(Event.kind, Event.subject_version, Delivery.channel, Delivery.state)
            .join(Notice, Notice.event_id == Event.id)
            .join(Delivery, Delivery.notice_id == Notice.id)
        )
        states = {(kind, version, channel): state for kind, version, channel, state in rows}
    assert states == {
        ("order.filled", 2, "email"): "withdrawn",
        ("order.filled", 2, "webhook"): "withdrawn",
        ("order.reopened", 3, "email"): "withdrawn",
        ("order.reopened", 3, "webhook"): "withdrawn",
        ("order.filled", 4, "email"): "due",
        ("order.filled", 4, "webhook"): "due",
    }


def test_a_dead_letter_that_was_overtaken_is_withdrawn_when_it_is_requeued_and_the_others_leave(
    deal: Deal,
) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
    deal.decline(deal.seller)
    with deal.ledger.transaction() as session:
        session.execute(update(Delivery).where(Delivery.state == "due").values(state="dead"))
        assert requeue_dead(session, DeadLetters()) == Requeued(1, 1)
    assert states(deal.ledger) == {"match.made": "withdrawn", "contract.declined": "due"}


def test_one_dead_letter_by_its_id_is_withdrawn_too_when_it_was_overtaken(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
        delivery_id = session.scalars(select(Delivery.id)).one()
    deal.cancel(deal.operator)
    with deal.ledger.transaction() as session:
        assert requeue(session, delivery_id) == Requeued(0, 1)
    assert states(deal.ledger)["match.made"] == "withdrawn"


def test_of_an_order_that_was_filled_reopened_and_filled_again_only_the_last_is_replayed(
    ledger: Ledger,
) -> None:
    told: list[Kind] = ["order.filled", "order.reopened", "order.filled"]
    with ledger.transaction() as session:
        owner = party(session, "producer")
        endpoint = add_endpoint(session, owner, "http://127.0.0.1:1/")
        for version, kind in enumerate(told):
            record(session, [Happening(kind, owner.id, version, ORDER, [owner.id])])
        session.execute(update(Delivery).values(state="dead"))
        assert replay(session, endpoint, Replay(since=now() - timedelta(hours=1))) == Requeued(1, 2)
        kinds = select(Event.kind).join(Notice, Notice.event_id == Event.id)
        due = kinds.join(Delivery, Delivery.notice_id == Notice.id).where(Delivery.state == "due")
        assert session.scalars(due).all() == ["order.filled"]
        (over, *_), waits = (
            session.scalars(
                select(Delivery.id).where(Delivery.state == "withdrawn").order_by(Delivery.id)
            ).all(),
            session.scalars(select(Delivery.id).where(Delivery.state == "due")).one(),
        )
        assert replay(session, endpoint, Replay(delivery_id=over)) == Requeued(0, 1)
        assert replay(session, endpoint, Replay(delivery_id=over, delivered_too=True)) == Requeued(1, 0)
        with pytest.raises(Conflict):
            replay(session, endpoint, Replay(delivery_id=waits))


def test_that_an_endpoint_is_disabled_is_not_told_once_it_is_enabled_again(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        owner = party(session, "buyer", email="mua@example.vn")
        endpoint = add_endpoint(session, owner, "http://127.0.0.1:1/")
        gone = Answered(succeeded=False, gone=True, again_after=None)
        note_answers(session, {(endpoint.id, endpoint.url): gone})
    assert states(ledger) == {"endpoint.disabled": "due"}
    with ledger.transaction() as session:
        change_endpoint(session, session.get_one(Endpoint, endpoint.id), EndpointChange(enabled=True))
    assert states(ledger) == {"endpoint.disabled": "withdrawn"}
    with ledger.transaction() as session:
        session.execute(update(Delivery).values(state="dead"))
        assert requeue_dead(session, DeadLetters()) == Requeued(0, 1)


@pytest.mark.parametrize("mended", [{"bounced": False}, {"address": "mua2@example.vn"}])
def test_that_an_address_bounced_is_not_told_once_it_is_confirmed_or_corrected(
    ledger: Ledger, mended: dict[str, object]
) -> None:
    with ledger.transaction() as session:
        owner = party(session, "buyer", email="mua@example.vn")
        add_contact(session, owner, ContactPost.model_validate({"channel": "sms", "address": "0912345678"}))
        contact = session.scalars(select(Contact).where(Contact.channel == "email")).one()
        note_bounce(session, contact.id, contact.address, "550 nobody")
    assert states(ledger) == {"contact.bounced": "due"}
    with ledger.transaction() as session:
        change_contact(session, session.get_one(Contact, contact.id), ContactChange.model_validate(mended))
    assert states(ledger) == {"contact.bounced": "withdrawn"}


@pytest.mark.parametrize("how", ["stopped", "removed"])
def test_what_is_due_to_a_contact_that_is_stopped_or_removed_is_withdrawn_at_once(
    ledger: Ledger, how: str
) -> None:
    with ledger.transaction() as session:
        owner = party(session, "buyer", email="mua@example.vn")
        record(session, [match_made(owner)])
        contact = session.scalars(select(Contact)).one()
        if how == "stopped":
            change_contact(session, contact, ContactChange(stopped=True))
        else:
            remove_contact(session, contact)
    assert states(ledger) == {"match.made": "withdrawn"}


@pytest.mark.parametrize(("arrived", "state"), [(True, "delivered"), (False, "withdrawn")])
def test_one_that_was_on_its_way_when_it_was_overtaken_is_delivered_if_it_arrives(
    deal: Deal, arrived: bool, state: str
) -> None:
    with deal.ledger.transaction() as session:
        (letter,) = claim(session, timedelta(minutes=1), 0, {"email": 8})
    deal.cancel(deal.operator)
    with deal.ledger.transaction() as session:
        settle(session, [Made(letter, now(), now(), outcome(arrived, "250 OK" if arrived else "no answer"))])
    assert states(deal.ledger)["match.made"] == state


def test_what_overtakes_and_what_is_overtaken_are_kinds_of_events() -> None:
    assert {kind for over in OVERTAKES.values() for kind in over} | set(OVERTAKES) <= set(get_args(Kind))
    assert not any(kind in over for kind, over in OVERTAKES.items()), "none withdraws itself"

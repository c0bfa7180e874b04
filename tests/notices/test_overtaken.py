"""What was over before it was sent is withdrawn; what was sent is followed by its correction."""

from datetime import timedelta
from typing import get_args

import httpx
import pytest
from sqlalchemy import select

from chaos.checker import check_always
from config.settings import Settings
from demo.receivers import MailReceiver, WebhookReceiver
from matcher.clock import now
from matcher.contracts.amendments import decline_amendment
from matcher.contracts.life import Reason
from matcher.knowledge import Knowledge
from matcher.notices.deliver import deliver
from matcher.notices.due import claim
from matcher.notices.endpoints import Replay, add_endpoint, replay
from matcher.notices.events import Kind
from matcher.notices.inbox import list_notices
from matcher.notices.letter import outcome
from matcher.notices.overtaken import OVERTAKES
from matcher.notices.record import Happening, record
from matcher.notices.settle import Made, settle
from matcher.notices.told import told_of
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Delivery, Endpoint, Event, Notice
from tests.chaos.sound import connect
from tests.contracts.deal import Deal
from tests.contracts.test_life import ENDS
from tests.market import party
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
        assert replay(session, kept, Replay(since=now() - timedelta(hours=1), delivered_too=True)) == 1
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

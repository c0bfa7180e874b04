"""A contact or an endpoint that is removed while an event is written down, by two connections."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from matcher.errors import NotFound
from matcher.notices.contacts import ContactPost, add_contact
from matcher.notices.due import claim
from matcher.notices.endpoints import add_endpoint, remove_endpoint, send_test
from matcher.notices.letter import Outcome
from matcher.notices.record import Happening, record
from matcher.notices.settle import Made, settle
from matcher.parties import remove_contact
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Delivery, Endpoint, Notice, Party
from tests.market import party
from tests.notices.letters import match_made
from tests.notices.test_words import ORDER
from tests.trading.locks import wait_for_waiting


def told_party(ledger: Ledger) -> tuple[Party, Contact, Endpoint]:
    """A buyer with two contacts and two endpoints, of which one each is to be removed."""
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="stays@example.vn")
        add_endpoint(session, buyer, "http://127.0.0.1:1/stays")
        contact = add_contact(session, buyer, ContactPost(channel="email", address="goes@example.vn"))
        return buyer, contact, add_endpoint(session, buyer, "http://127.0.0.1:1/goes")


def record_once(ledger: Ledger, *happenings: Happening) -> int:
    """In a transaction that is not run anew, as a deadlock would have it."""
    with ledger.transaction() as session:
        return record(session, happenings)


def states(ledger: Ledger) -> dict[str, str]:
    with ledger.transaction() as session:
        return {each.address: each.state for each in session.scalars(select(Delivery))}


def test_what_is_removed_while_an_event_is_written_gets_no_delivery_and_the_event_stands(
    ledger: Ledger,
) -> None:
    buyer, contact, endpoint = told_party(ledger)
    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as session:
            remove_contact(session, session.get_one(Contact, contact.id))
            remove_endpoint(session, session.get_one(Endpoint, endpoint.id))
            recorded = pool.submit(record_once, ledger, match_made(buyer))
            wait_for_waiting(ledger)
        assert recorded.result() == 1
    assert states(ledger) == {"stays@example.vn": "due", "http://127.0.0.1:1/stays": "due"}
    with ledger.transaction() as session:
        assert len(session.scalars(select(Notice)).all()) == 1


def test_a_removal_waits_for_the_event_and_withdraws_what_it_made_due(ledger: Ledger) -> None:
    buyer, contact, _endpoint = told_party(ledger)

    def remove() -> None:
        with ledger.transaction() as session:
            remove_contact(session, session.get_one(Contact, contact.id))

    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as session:
            record(session, [match_made(buyer)])
            removed: Future[None] = pool.submit(remove)
            wait_for_waiting(ledger)
        removed.result()
    assert (states(ledger)["goes@example.vn"], states(ledger)["stays@example.vn"]) == ("withdrawn", "due")


def test_an_event_that_overtakes_another_and_a_removal_do_not_wait_for_each_other(ledger: Ledger) -> None:
    buyer, contact, _endpoint = told_party(ledger)
    order = uuid4()
    at = datetime.now(UTC)
    expiring = Happening("order.expiring", order, 1, ORDER, [buyer.id], at)
    withdrawn = Happening("order.withdrawn", order, 2, ORDER, [buyer.id], at)
    assert record_once(ledger, expiring) == 1
    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as session:
            held = session.get_one(Contact, contact.id, with_for_update=True)
            recorded = pool.submit(record_once, ledger, withdrawn)
            wait_for_waiting(ledger)
            remove_contact(session, held)
        assert recorded.result() == 1
    assert states(ledger)["goes@example.vn"] == "withdrawn"


def test_a_test_of_an_endpoint_that_is_just_removed_finds_none(ledger: Ledger) -> None:
    _buyer, _contact, endpoint = told_party(ledger)

    def test() -> None:
        with ledger.transaction() as session:
            send_test(session, session.get_one(Endpoint, endpoint.id))

    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as session:
            remove_endpoint(session, session.get_one(Endpoint, endpoint.id))
            tested = pool.submit(test)
            wait_for_waiting(ledger)
        with pytest.raises(NotFound):
            tested.result()


def test_a_removal_and_an_answer_that_is_noted_down_do_not_wait_for_each_other(ledger: Ledger) -> None:
    buyer, _contact, endpoint = told_party(ledger)
    record_once(ledger, match_made(buyer))
    with ledger.transaction() as session:
        letters = claim(session, timedelta(minutes=1), 10, {})
    at = datetime.now(UTC)
    made = [Made(letter, at, at, Outcome(False, "no answer")) for letter in letters]
    assert len(made) == 2

    def settle_once() -> None:
        with ledger.transaction() as session:
            settle(session, made)

    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as session:
            held = session.get_one(Endpoint, endpoint.id, with_for_update=True)
            settled: Future[None] = pool.submit(settle_once)
            wait_for_waiting(ledger)
            remove_endpoint(session, held)
        settled.result()
    assert states(ledger)["http://127.0.0.1:1/goes"] == "withdrawn"


def test_an_endpoint_with_a_pace_that_is_just_removed_gets_nothing_and_holds_up_nobody(
    ledger: Ledger,
) -> None:
    buyer, _contact, endpoint = told_party(ledger)
    with ledger.transaction() as session:
        session.get_one(Endpoint, endpoint.id).per_minute = 60
    record_once(ledger, match_made(buyer))
    with ledger.transaction() as removing, ledger.transaction() as session:
        held = removing.get_one(Endpoint, endpoint.id, with_for_update=True)
        letters = claim(session, timedelta(minutes=1), 10, {})
        assert [letter.address for letter in letters] == ["http://127.0.0.1:1/stays"]
        remove_endpoint(removing, held)

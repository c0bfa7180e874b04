"""What is answered at an address that an endpoint has left is not held against it at its new one."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.clock import now
from matcher.notices.deliver import deliver
from matcher.notices.due import claim
from matcher.notices.endpoints import EndpointChange, change_endpoint
from matcher.notices.letter import Outcome
from matcher.notices.settle import Made, settle
from matcher.store.session import Ledger
from matcher.store.tables import Endpoint
from tests.notices.letters import answers, let_come_due, read, told

FORMER = "http://127.0.0.1:1/former"
GONE = Outcome(False, "410 gone", final=True, gone=True)


def on_its_way_as_it_moves(ledger: Ledger, to: str) -> Made:
    """An attempt at the former address of an endpoint that has moved before the answer."""
    with ledger.transaction() as session:
        (letter,) = claim(session, timedelta(minutes=1), 1, {})
    with ledger.transaction() as session:
        change_endpoint(session, session.scalars(select(Endpoint)).one(), EndpointChange(url=to))
    return Made(letter, now(), now(), GONE)


def endpoint_of(ledger: Ledger) -> Endpoint:
    with ledger.transaction() as session:
        return session.scalars(select(Endpoint)).one()


def test_a_410_of_the_former_address_disables_nothing_and_the_notice_leaves_for_the_new_one(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=FORMER)
    made = on_its_way_as_it_moves(ledger, receiver.url)
    with ledger.transaction() as session:
        settle(session, [made])
    endpoint = endpoint_of(ledger)
    assert (endpoint.disabled_at, endpoint.failing_since, endpoint.rests_until) == (None, None, None)
    assert answers(read(ledger, delivery_id)) == ["410 gone"], "it is on record all the same"
    let_come_due(ledger, delivery_id)
    deliver(ledger, settings, transport)
    assert (read(ledger, delivery_id).state, read(ledger, delivery_id).address) == ("delivered", receiver.url)


def test_a_success_at_the_former_address_does_not_forgive_the_new_one(ledger: Ledger) -> None:
    delivery_id = told(ledger, url=FORMER)
    made = on_its_way_as_it_moves(ledger, "http://127.0.0.1:1/new")
    with ledger.transaction() as session:
        session.execute(update(Endpoint).values(failing_since=func.now(), failures=3))
    with ledger.transaction() as session:
        settle(session, [Made(made.letter, made.started_at, made.finished_at, Outcome(True, "204"))])
    assert (endpoint_of(ledger).failures, read(ledger, delivery_id).state) == (3, "delivered")


@pytest.mark.parametrize("later", ["former", "new"])
def test_of_answers_at_both_addresses_that_of_the_new_one_counts_whichever_was_later(
    ledger: Ledger, later: str
) -> None:
    told(ledger, url=FORMER)
    url = "http://127.0.0.1:1/new"
    former = on_its_way_as_it_moves(ledger, url)
    apart = timedelta(seconds=1 if later == "new" else -1)
    new = replace(former, letter=replace(former.letter, address=url), finished_at=former.finished_at + apart)
    with ledger.transaction() as session:
        settle(session, [former, replace(new, outcome=Outcome(False, "500"))])
    assert (endpoint_of(ledger).disabled_at, endpoint_of(ledger).failures) == (None, 1)

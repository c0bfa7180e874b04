"""What is told of an order is of one moment, even where its book is cleared again between any two queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from config.settings import Settings
from matcher.book.demands import amend_demand
from matcher.book.page_link import order_page_path
from matcher.knowledge import Knowledge
from matcher.parties import add_key
from matcher.store.session import Ledger
from matcher.store.tables import Clearing, Demand
from matcher.trading.clear import clear
from matcher.trading.record.replay import compare, prices, replay
from tests.api.conftest import Api
from tests.market import demand, lot, party


class Market:
    """A lot and a demand that do not meet, so that each clearing is forgotten at the next."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        self.clearings: list[UUID] = []
        with ledger.transaction() as session:
            self.buyer = party(session, "buyer")
            self.headers = {"Authorization": f"Bearer {add_key(session, self.buyer)}"}
            lot(session, party(session, "producer"), knowledge, ask=39_900)
            self.demand = demand(session, self.buyer, knowledge, bid=40_000)
            self.other = demand(session, self.buyer, knowledge, bid=1)
        self.clear_again()

    def clear_again(self) -> None:
        changes: dict[str, Any] = {"bid": 2 + len(self.clearings)}
        with self.ledger.transaction() as session:
            amend_demand(session, self.buyer, self.other.id, changes, None, self.knowledge)
        with self.ledger.transaction() as session:
            made = clear(session, "custard_apple", self.knowledge, self.settings)
        assert made is not None
        self.clearings.append(made.id)

    @contextmanager
    def cleared_before_every_query(self) -> Iterator[None]:
        """Clears again before every query of anyone else that asks for clearings."""
        clearing = False

        def disturb(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            nonlocal clearing
            if clearing or "FROM clearing" not in statement:
                return
            clearing = True
            self.clear_again()
            clearing = False

        event.listen(self.ledger.engine, "before_cursor_execute", disturb)
        try:
            yield
        finally:
            event.remove(self.ledger.engine, "before_cursor_execute", disturb)


@pytest.fixture
def market(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    return Market(ledger, knowledge, settings)


def test_an_explanation_is_of_the_clearing_that_was_the_last_when_it_was_asked_for(
    market: Market, api: Api
) -> None:
    (first,) = market.clearings
    with market.cleared_before_every_query():
        answer = api.get(f"/v1/demands/{market.demand.id}/explain", headers=market.headers)
    assert answer.status_code == 200, answer.text
    assert len(market.clearings) > 3, "it was cleared again, and the first forgotten, between the queries"
    assert (answer.json()["clearing_id"], answer.json()["considered"]) == (str(first), 1)


def test_the_page_of_an_order_opens_while_its_book_is_cleared(market: Market, api: Api) -> None:
    with market.cleared_before_every_query():
        answer = api.get(order_page_path(market.demand))
    assert answer.status_code == 200, answer.text
    assert len(market.clearings) > 3


def test_a_clearing_is_proved_and_compared_while_it_is_being_forgotten(market: Market) -> None:
    (first,) = market.clearings
    with market.ledger.snapshot() as session:
        session.get_one(Demand, market.demand.id)
        market.clear_again()
        assert replay(session, first) == []
        assert compare(session, first, ["max_distance=200000"]).recorded.matches == 0
        assert len(prices(session, first)) == 3
    with market.ledger.transaction() as session:
        assert session.get(Clearing, first) is None

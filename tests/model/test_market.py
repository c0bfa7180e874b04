"""The market against a simple model of it: every quantity, state and notice, whatever happens in what order.

The model does not know which matches are best; it takes those the clearing made and holds them to the rules.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text, update

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.book.demands import amend_demand
from matcher.book.lots import amend_lot
from matcher.book.orders import expire, withdraw
from matcher.clock import today
from matcher.contracts.life import Acceptance, accept, cancel, decline, lapse
from matcher.contracts.terms import terms_hash
from matcher.errors import Conflict, Invalid
from matcher.knowledge import Knowledge
from matcher.notices.connection import transport as new_transport
from matcher.notices.deliver import deliver
from matcher.notices.endpoints import add_endpoint
from matcher.store.session import Ledger
from matcher.store.tables import Base, Contract, Delivery, Demand, Lot, Match, Notice
from matcher.trading.clear import clear
from tests.market import demand, lot, party

kilograms = st.integers(1, 500)
places = st.integers(0, 10_000)
asks, bids = st.integers(15_000, 24_000), st.integers(22_000, 45_000)


@dataclass
class Order:
    """What the model knows of a lot or a demand; quantities in kg."""

    table: type[Lot] | type[Demand]
    id: UUID
    quantity: int
    expires_on: date
    taken: int = 0
    state: str = "open"

    def take(self, quantity: int) -> None:
        assert self.state == "open"
        assert 0 < quantity <= self.quantity - self.taken
        self.taken += quantity
        self.state = "filled" if self.taken == self.quantity else "open"

    def give_back(self, quantity: int) -> None:
        self.taken -= quantity
        if self.state == "filled":
            self.state = "open" if self.expires_on >= today() else "expired"


@dataclass
class Deal:
    """What the model knows of a match and its contract."""

    id: UUID
    lot: Order
    demand: Order
    quantity: int
    signature: str = "draft"

    def end(self, signature: str) -> None:
        self.signature = signature
        self.lot.give_back(self.quantity)
        self.demand.give_back(self.quantity)


class Market(RuleBasedStateMachine):
    orders = Bundle("orders")
    world: "World"

    def __init__(self) -> None:
        super().__init__()
        self.world.empty()
        self.known: dict[UUID, Order] = {}
        self.contracts: dict[UUID, Deal] = {}
        self.notices = 0
        with self.world.ledger.transaction() as session:
            self.seller, self.buyer = party(session, "producer"), party(session, "buyer")
            self.operator = party(session, "operator")
            for each in (self.seller, self.buyer):
                add_endpoint(session, each, self.world.receiver.url)

    @rule(target=orders, quantity=kilograms, ask=asks)
    def post_lot(self, quantity: int, ask: int) -> Order:
        with self.world.ledger.transaction() as session:
            posted = lot(session, self.seller, self.world.knowledge, quantity_kg=quantity, ask=ask)
        return self._know(Order(Lot, posted.id, quantity, posted.expires_on))

    @rule(target=orders, quantity=kilograms, bid=bids, part=st.sampled_from([0, 0, 50, 100]))
    def post_demand(self, quantity: int, bid: int, part: int) -> Order:
        fill = quantity * part // 100
        with self.world.ledger.transaction() as session:
            posted = demand(
                session, self.buyer, self.world.knowledge, quantity_kg=quantity, bid=bid, min_fill_kg=fill
            )
        return self._know(Order(Demand, posted.id, quantity, posted.expires_on))

    @rule(quantity=kilograms, times=st.integers(1, 3))
    def trade(self, quantity: int, times: int) -> None:
        """A lot and some demands of it that surely match, cleared at once."""
        self.post_lot(quantity, 15_000)
        for _ in range(times):
            self.post_demand(max(1, quantity // times), 45_000, 0)
        self.clear()

    def _know(self, order: Order) -> Order:
        self.known[order.id] = order
        return order

    @rule(order=orders, quantity=kilograms)
    def amend(self, order: Order, quantity: int) -> None:
        changes: dict[str, Any] = {"quantity_kg": quantity} | (
            {} if order.table is Lot else {"min_fill_kg": 0}
        )
        change, owner = (amend_lot, self.seller) if order.table is Lot else (amend_demand, self.buyer)

        def made() -> None:
            with self.world.ledger.transaction() as session:
                change(session, owner, order.id, changes, None, self.world.knowledge)

        if self._refused(made, expected=order.state != "open" or quantity < order.taken):
            return
        order.quantity = quantity
        order.state = "filled" if order.taken == quantity else "open"

    @rule(order=orders)
    def withdraw(self, order: Order) -> None:
        def made() -> None:
            with self.world.ledger.transaction() as session:
                if order.table is Lot:
                    withdraw(session, Lot, order.id, self.seller)
                else:
                    withdraw(session, Demand, order.id, self.buyer)

        if not self._refused(made, expected=order.state != "open"):
            order.state = "withdrawn"

    @rule(days=st.integers(0, 7))
    def days_pass(self, days: int) -> None:
        later = today() + timedelta(days=days)
        with self.world.ledger.transaction() as session:
            expire(session, later)
        for order in self.known.values():
            if order.state == "open" and order.expires_on < later:
                order.state = "expired"

    @rule()
    def clear(self) -> None:
        with self.world.ledger.transaction() as session:
            clear(session, "custard_apple", self.world.knowledge, self.world.settings)
        with self.world.ledger.transaction() as session:
            rows = session.execute(
                select(Match, Contract.id).join(Contract, Contract.match_id == Match.id)
            ).all()
        for match, contract_id in rows:
            if contract_id not in self.contracts:
                of_lot, of_demand = self.known[match.lot_id], self.known[match.demand_id]
                quantity, grams = divmod(match.quantity_g, 1000)
                assert grams == 0
                of_lot.take(quantity)
                of_demand.take(quantity)
                self.contracts[contract_id] = Deal(contract_id, of_lot, of_demand, quantity)
                self.notices += 2

    @rule(which=places, side=st.sampled_from(["seller", "buyer"]))
    def accept(self, which: int, side: str) -> None:
        deal = self._deal(which)
        if deal is None:
            return

        def made() -> None:
            with self.world.ledger.transaction() as session:
                read = terms_hash(session.get_one(Contract, deal.id).terms)
                who = self.seller if side == "seller" else self.buyer
                accept(session, deal.id, who, Acceptance(signer="Giám đốc", terms_hash=read), "")

        other = "accepted_by_buyer" if side == "seller" else "accepted_by_seller"
        if not self._refused(made, expected=deal.signature not in ("draft", other)):
            deal.signature = "agreed" if deal.signature == other else f"accepted_by_{side}"
            self.notices += 2

    @rule(which=places, side=st.sampled_from(["seller", "buyer", "operator"]))
    def call_off(self, which: int, side: str) -> None:
        deal = self._deal(which)
        if deal is None:
            return

        def made() -> None:
            with self.world.ledger.transaction() as session:
                end = cancel if side == "operator" else decline
                end(session, deal.id, getattr(self, side), "Vì lý do khác")

        legal = ["draft", "accepted_by_seller", "accepted_by_buyer"] + ["agreed"] * (side == "operator")
        if not self._refused(made, expected=deal.signature not in legal):
            deal.end("cancelled" if side == "operator" else "declined")
            self.notices += 2

    @rule(which=places)
    def deadline_passes(self, which: int) -> None:
        deal = self._deal(which)
        if deal is None:
            return
        with self.world.ledger.transaction() as session:
            past = func.now() - timedelta(seconds=1)
            session.execute(update(Contract).where(Contract.id == deal.id).values(deadline_at=past))
        with self.world.ledger.transaction() as session:
            lapsed = lapse(session)
        waiting = deal.signature in ("draft", "accepted_by_seller", "accepted_by_buyer")
        assert lapsed == waiting
        if waiting:
            deal.end("lapsed")
            self.notices += 2

    @rule()
    def deliver(self) -> None:
        deliver(self.world.ledger, self.world.settings, self.world.transport)
        with self.world.ledger.transaction() as session:
            states = session.execute(select(Delivery.state, Delivery.notice_id)).all()
        told = {request.headers["webhook-id"] for request in self.world.receiver.received}
        # What was over before it was sent was never sent.
        assert all(
            state == ("delivered" if str(notice_id) in told else "withdrawn") for state, notice_id in states
        )

    def _deal(self, which: int) -> Deal | None:
        """One of the deals so far. No bundle: how many a clearing makes may turn on a tie."""
        deals = list(self.contracts.values())
        return deals[which % len(deals)] if deals else None

    def _refused(self, made: Callable[[], None], *, expected: bool) -> bool:
        try:
            made()
        except (Conflict, Invalid):
            assert expected
            return True
        assert not expected
        return False

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        with self.world.ledger.transaction() as session:
            for rows in (session.scalars(select(Lot)), session.scalars(select(Demand))):
                for row in rows:
                    assert isinstance(row, Lot | Demand)
                    order = self.known[row.id]
                    said = (row.quantity_g, row.taken_g, row.state)
                    assert said == (order.quantity * 1000, order.taken * 1000, order.state)
            contracts = {row.id: row.signature for row in session.scalars(select(Contract))}
            assert contracts == {deal.id: deal.signature for deal in self.contracts.values()}
            assert session.scalar(select(func.count()).select_from(Notice)) == self.notices


@dataclass
class World:
    """The real things that the market runs on, emptied for each run."""

    ledger: Ledger
    knowledge: Knowledge
    settings: Settings
    transport: httpx.HTTPTransport
    receiver: WebhookReceiver

    def empty(self) -> None:
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        with self.ledger.transaction() as session:
            session.execute(text(f"TRUNCATE {tables}"))


def test_the_ledger_follows_the_model(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
    with WebhookReceiver() as receiver, new_transport(private_allowed=True) as transport:
        Market.world = World(ledger, knowledge, settings, transport, receiver)
        quick = how(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        )
        run_state_machine_as_test(Market, settings=quick)

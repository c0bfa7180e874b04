"""Two groups of workers on one database, clearing the same book while it changes under their hands."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import func, select

from config.settings import Settings
from matcher.book.demands import amend_demand
from matcher.book.lots import amend_lot
from matcher.book.orders import withdraw
from matcher.errors import Conflict, Invalid
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Demand, Lot, Match, Party
from tests.market import demand, lot, party
from tests.servers.helpers import eventually
from tests.trading.invariants import broken, nothing_is_due
from tests.workers.running import scheduler, wait_for_alive, worker
from workers.bell import bell

EACH = 30  # changes by each of the traders

Left = dict[UUID, tuple[str, int]]  # how the trader left the orders it withdrew or amended last


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_groups_of_workers_never_oversell_a_book_that_changes_meanwhile_and_lose_nothing(
    settings: Settings, ledger: Ledger, knowledge: Knowledge
) -> None:
    ringing = Ledger(settings, bell(settings))
    with ledger.transaction() as session:
        sellers = [party(session, "producer") for _ in range(2)]
        buyers = [party(session, "buyer") for _ in range(2)]
    with (
        worker(settings, "north", children=2),
        worker(settings, "south", children=2),
        scheduler(settings),
        scheduler(settings),
    ):
        wait_for_alive(ledger, "north", "south", schedulers=2)
        with ThreadPoolExecutor() as threads:
            selling = [threads.submit(sell, ringing, knowledge, seller) for seller in sellers]
            buying = [threads.submit(buy, ringing, knowledge, buyer) for buyer in buyers]
            sold = [each.result(60) for each in selling]
            bought = [each.result(60) for each in buying]
        eventually(lambda: nothing_is_due(ledger), 60)
    assert broken(ledger) == {}
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == 2 * EACH
        assert session.scalar(select(func.count()).select_from(Demand)) == 2 * EACH
        assert (session.scalar(select(func.count()).select_from(Match)) or 0) > 10
        for left in sold:
            for order_id, (state, figure) in left.items():
                was_left(session.get_one(Lot, order_id), state, figure)
        for left in bought:
            for order_id, (state, figure) in left.items():
                was_left(session.get_one(Demand, order_id), state, figure)
    ringing.engine.dispose()


def was_left(order: Lot | Demand, state: str, figure: int) -> None:
    """What was withdrawn has sold nothing since; what was amended has kept its new quantity."""
    if state == "withdrawn":
        assert (order.state, order.taken_g) == (state, figure)
    else:
        assert order.quantity_g == figure


def sell(ledger: Ledger, knowledge: Knowledge, seller: Party) -> Left:
    chance = random.Random(str(seller.id))
    ids: list[UUID] = []
    left: Left = {}
    for _ in range(EACH):
        with ledger.transaction() as session:
            ids.append(lot(session, seller, knowledge, quantity_kg=chance.randint(50, 300)).id)
        chosen, quantity_kg = chance.choice(ids), chance.randint(20, 400)

        def amend(order_id: UUID = chosen, kilograms: int = quantity_kg) -> Lot:
            with ledger.transaction() as session:
                return amend_lot(session, seller, order_id, {"quantity_kg": kilograms}, None, knowledge)

        def take_back(order_id: UUID = chosen) -> Lot:
            with ledger.transaction() as session:
                return withdraw(session, Lot, order_id, seller)

        leave(left, chance.choice((amend, amend, take_back)))
    return left


def buy(ledger: Ledger, knowledge: Knowledge, buyer: Party) -> Left:
    chance = random.Random(str(buyer.id))
    ids: list[UUID] = []
    left: Left = {}
    for _ in range(EACH):
        with ledger.transaction() as session:
            ids.append(demand(session, buyer, knowledge, quantity_kg=chance.randint(50, 300)).id)
        chosen, quantity_kg = chance.choice(ids), chance.randint(20, 400)

        def amend(order_id: UUID = chosen, kilograms: int = quantity_kg) -> Demand:
            with ledger.transaction() as session:
                return amend_demand(session, buyer, order_id, {"quantity_kg": kilograms}, None, knowledge)

        def take_back(order_id: UUID = chosen) -> Demand:
            with ledger.transaction() as session:
                return withdraw(session, Demand, order_id, buyer)

        leave(left, chance.choice((amend, amend, take_back)))
    return left


def leave(left: Left, change: Callable[[], Lot | Demand]) -> None:
    """Makes the change, unless the order has been filled or taken from too far meanwhile, and notes it."""
    try:
        order = change()
    except (Conflict, Invalid):
        return
    figure = order.taken_g if order.state == "withdrawn" else order.quantity_g
    left[order.id] = (order.state if order.state == "withdrawn" else "amended", figure)

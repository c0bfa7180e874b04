"""What was called and comes to nothing returns to its agreement, and never to the market."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from matcher.book.orders import list_orders
from matcher.contracts.closing import Closing, close
from matcher.contracts.life import Reason, cancel, decline, lapse
from matcher.contracts.mistakes import withdraw_delivery
from matcher.errors import Conflict, Invalid
from matcher.store.tables import Contract, Demand, Lot, Match, OrderNews
from tests.frames.season import Season
from tests.market import day, demand, lot, party
from tests.trading.invariants import broken
from tests.trading.locks import wait_for_waiting


def on_the_market(season: Season) -> list[UUID]:
    with season.ledger.transaction() as session:
        return [
            order_id
            for kind in (Lot, Demand)
            for order_id in session.scalars(select(kind.id).where(kind.state == "open"))
        ]


def declined(season: Season, contract_id: UUID) -> None:
    with season.ledger.transaction() as session:
        decline(session, contract_id, season.seller, "Mưa đá")


def lapsed(season: Season, contract_id: UUID) -> None:
    with season.ledger.transaction() as session:
        session.execute(update(Contract).values(deadline_at=func.now() - timedelta(seconds=1)))
    with season.ledger.transaction() as session:
        assert lapse(session) == 1


def cancelled(season: Season, contract_id: UUID) -> None:
    season.accept(contract_id)
    with season.ledger.transaction() as session:
        cancel(session, contract_id, season.operator, "Nhập nhầm")


@pytest.mark.parametrize("come_to_nothing", [declined, lapsed, cancelled])
def test_a_call_that_comes_to_nothing_is_given_back_to_its_agreement_alone(
    agreed: Season, come_to_nothing: Callable[[Season, UUID], None]
) -> None:
    contract_id = agreed.call(10_000)
    come_to_nothing(agreed, contract_id)
    assert on_the_market(agreed) == []
    with agreed.ledger.transaction() as session:
        others = [
            demand(session, agreed.stranger, agreed.knowledge, bid=90_000).id,
            lot(session, party(session, "producer"), agreed.knowledge, ask=30_000, min_take_kg=1).id,
        ]
    agreed.clear()
    with agreed.ledger.transaction() as session:
        matches = session.scalars(select(Match).where(Match.released_at.is_(None))).all()
        assert [(each.lot_id, each.demand_id) for each in matches] == [(others[1], others[0])]
    assert str(agreed.read().remaining_kg) == "10000"
    agreed.call(10_000)
    assert broken(agreed.ledger) == {}


def test_what_was_called_is_no_order_of_its_sides_and_no_news_of_one(agreed: Season) -> None:
    contract_id = agreed.call(100)
    declined(agreed, contract_id)
    with agreed.ledger.transaction() as session:
        for reader in (agreed.seller, agreed.buyer, agreed.operator):
            assert [*list_orders(session, Lot, reader), *list_orders(session, Demand, reader)] == []
        assert session.scalars(select(OrderNews.what)).all() == []


@pytest.mark.parametrize("kind", [Lot, Demand])
def test_the_database_keeps_what_was_called_off_the_market(agreed: Season, kind: type[Lot | Demand]) -> None:
    declined(agreed, agreed.call(100))
    with pytest.raises(IntegrityError, match="called_never_open"), agreed.ledger.transaction() as session:
        session.execute(update(kind).values(state="open"))


@pytest.mark.parametrize(("came_kg", "fulfilment"), [(0, "breached"), (400, "short")])
def test_what_did_not_come_of_a_call_returns_to_its_agreement(
    agreed: Season, came_kg: int, fulfilment: str
) -> None:
    contract_id = agreed.call(1_000)
    agreed.accept(contract_id)
    if came_kg:
        agreed.weigh(contract_id, came_kg)
    assert agreed.close(contract_id) == fulfilment
    assert on_the_market(agreed) == []
    assert agreed.stands() == (str(came_kg), str(10_000 - came_kg))
    agreed.call(10_000 - came_kg)
    assert agreed.stands() == ("10000", "0")
    assert broken(agreed.ledger) == {}


def test_how_long_a_shortfall_is_wanted_is_said_in_the_next_call(agreed: Season) -> None:
    contract_id = agreed.call(1_000)
    agreed.accept(contract_id)
    with agreed.ledger.transaction() as session:
        contract = session.get_one(Contract, contract_id)
        contract.terms = contract.terms | {"delivery_day": day(-3), "deliver_until": day(-3)}
    said = Closing.model_validate({"reason": "Chưa giao", "deliver_until": day(9)})
    with pytest.raises(Invalid, match="returns to the agreement"), agreed.ledger.transaction() as session:
        close(session, contract_id, agreed.buyer, said)
    assert agreed.close(contract_id) == "breached"


def test_deliveries_are_opened_again_only_while_the_agreement_has_what_they_take(agreed: Season) -> None:
    contract_id = agreed.call(1_000)
    agreed.accept(contract_id)
    agreed.weigh(contract_id, 400)
    agreed.close(contract_id)
    later = agreed.call(9_500)
    with pytest.raises(Conflict, match="500 kg of it were called since"):
        agreed.withdraw_ticket(contract_id)
    assert agreed.stands() == ("9900", "100")
    declined(agreed, later)
    assert agreed.withdraw_ticket(contract_id) == "unfulfilled"
    assert agreed.stands() == ("1000", "9000")
    assert on_the_market(agreed) == []


def test_a_breach_is_withdrawn_only_while_the_agreement_has_what_was_called(agreed: Season) -> None:
    contract_id = agreed.call(1_000)
    agreed.accept(contract_id)
    assert agreed.close(contract_id) == "breached"
    later = agreed.call(9_500)
    with pytest.raises(Conflict, match="500 kg of it were called since"):
        agreed.withdraw_closing(contract_id)
    declined(agreed, later)
    assert agreed.withdraw_closing(contract_id) == "unfulfilled"
    assert agreed.stands() == ("1000", "9000")
    assert on_the_market(agreed) == []


def test_a_call_and_deliveries_opened_again_at_once_take_no_more_than_is_left(agreed: Season) -> None:
    contract_id = agreed.call(1_000)
    agreed.accept(contract_id)
    agreed.weigh(contract_id, 400)
    agreed.close(contract_id)
    with ThreadPoolExecutor(1) as other:
        with agreed.ledger.transaction() as session:
            withdraw_delivery(session, contract_id, 1, agreed.operator, Reason(reason="Nhầm xe"))
            calling = other.submit(agreed.call, 9_600)
            wait_for_waiting(agreed.ledger)
        with pytest.raises(Invalid, match="9000 kg of the agreement are left"):
            calling.result()

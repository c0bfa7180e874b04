"""What was called and comes to nothing returns to its agreement, and never to the market."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from matcher.book.orders import list_orders
from matcher.contracts.life import cancel, decline, lapse
from matcher.store.tables import Contract, Demand, Lot, Match, OrderNews
from tests.frames.season import Season
from tests.market import demand, lot, party
from tests.trading.invariants import broken


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

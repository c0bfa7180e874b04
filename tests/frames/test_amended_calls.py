"""A call that is amended takes more of its agreement, or gives back to it, and nobody overdraws it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select

from matcher.errors import Invalid
from matcher.frames.life import leave
from matcher.store.tables import Contract, Demand, Lot
from tests.frames.season import Season
from tests.trading.invariants import broken
from tests.trading.locks import wait_for_waiting


def agreed_call(season: Season, quantity_kg: float) -> UUID:
    contract_id = season.call(quantity_kg)
    season.accept(contract_id)
    return contract_id


def sizes(season: Season) -> set[tuple[str, int, int]]:
    with season.ledger.transaction() as session:
        orders = [*session.scalars(select(Lot)), *session.scalars(select(Demand))]
        return {(order.state, order.quantity_g, order.taken_g) for order in orders}


def test_what_is_amended_down_returns_to_the_agreement_and_not_to_the_market(agreed: Season) -> None:
    contract_id = agreed_call(agreed, 10_000)
    agreed.amend(contract_id, 4_000)
    assert agreed.stands() == ("4000", "6000")
    assert sizes(agreed) == {("filled", 4_000_000, 4_000_000)}
    agreed.call(6_000)
    assert broken(agreed.ledger) == {}


def test_a_call_takes_more_as_long_as_its_agreement_has_it(agreed: Season) -> None:
    contract_id = agreed_call(agreed, 1_000)
    agreed.amend(contract_id, 10_000)
    assert agreed.stands() == ("10000", "0")
    assert sizes(agreed) == {("filled", 10_000_000, 10_000_000)}
    with pytest.raises(Invalid, match="0 kg of the agreement are left beside"):
        agreed.propose(contract_id, 10_001)
    assert broken(agreed.ledger) == {}


def test_an_amendment_is_refused_what_was_called_since_it_was_proposed(agreed: Season) -> None:
    contract_id = agreed_call(agreed, 10_000)
    agreed.amend(contract_id, 4_000)
    agreed.propose(contract_id, 10_000)
    agreed.call(5_999)
    with pytest.raises(Invalid, match="1 kg of the agreement are left beside") as refused:
        agreed.accept_amendment(contract_id)
    assert refused.value.faults[0].remedy == "Give at most 4001 kg."
    assert agreed.stands() == ("9999", "1")


def test_of_an_agreement_that_was_ended_a_call_takes_no_more(agreed: Season) -> None:
    contract_id = agreed_call(agreed, 1_000)
    with agreed.ledger.transaction() as session:
        leave(session, agreed.id, agreed.seller, "end", "Hết mùa")
    with pytest.raises(Invalid, match="0 kg of the agreement are left beside"):
        agreed.propose(contract_id, 1_001)
    agreed.amend(contract_id, 900)
    assert agreed.stands()[0] == "900"


def another_amendment(season: Season) -> Callable[[], object]:
    contract_id = agreed_call(season, 1_000)
    season.propose(contract_id, 6_000)
    return lambda: season.accept_amendment(contract_id)


def another_call(season: Season) -> Callable[[], object]:
    return lambda: season.call(6_000)


@pytest.mark.parametrize("rival", [another_amendment, another_call])
def test_two_that_take_more_at_once_get_no_more_than_is_left(
    agreed: Season, rival: Callable[[Season], Callable[[], object]]
) -> None:
    contract_id = agreed_call(agreed, 1_000)
    take = rival(agreed)
    agreed.propose(contract_id, 6_000)
    with ThreadPoolExecutor(1) as other:
        with agreed.ledger.transaction() as session:
            agreed.answer(session, contract_id)
            taking = other.submit(take)
            wait_for_waiting(agreed.ledger)
        with pytest.raises(Invalid, match="of the agreement are left"):
            taking.result()
    with agreed.ledger.transaction() as session:
        assert session.get_one(Contract, contract_id).quantity_g == 6_000_000
    assert broken(agreed.ledger) == {}

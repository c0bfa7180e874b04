"""A contract's life, and what becomes of the quantity it held."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from matcher.book.orders import book_changed
from matcher.contracts.documents import contract_document, render
from matcher.contracts.draft import HTML
from matcher.contracts.life import lapse
from matcher.contracts.moves import moves
from matcher.contracts.terms import terms_hash
from matcher.errors import Conflict, Forbidden, Invalid, NotFound
from matcher.store.tables import Book, Contract, Demand, Document, Lot, Match
from tests.contracts.deal import Deal
from tests.market import demand, party
from tests.trading.invariants import broken
from tests.trading.locks import wait_for_waiting


@pytest.mark.parametrize("order", [("seller", "buyer"), ("buyer", "seller")])
def test_a_contract_that_both_sides_accept_is_agreed(deal: Deal, order: tuple[str, str]) -> None:
    first, second = (getattr(deal, side) for side in order)
    assert deal.accept(first) == f"accepted_by_{order[0]}"
    assert deal.accept(second) == "agreed"
    assert deal.kinds() == ["match.made", "contract.accepted", "contract.agreed"]
    with deal.ledger.transaction() as session:
        signed = session.get_one(Contract, deal.id).signatures
        assert [each.side for each in signed] == list(order)
        assert {each.terms_hash for each in signed} == {terms_hash(session.get_one(Contract, deal.id).terms)}
    assert broken(deal.ledger) == {}


ENDS: dict[str, Callable[[Deal], object]] = {
    "declined": lambda deal: deal.decline(deal.buyer),
    "lapsed": lambda deal: deal.let_lapse(),
    "cancelled": lambda deal: deal.cancel(deal.operator),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_a_contract_held_is_back_in_the_book_when_it_comes_to_nothing(deal: Deal, end: str) -> None:
    assert deal.read(Demand, deal.demand_id).state == "filled"
    ENDS[end](deal)
    assert deal.signature == end
    for table, identity in ((Lot, deal.lot_id), (Demand, deal.demand_id)):
        order = deal.read(table, identity)
        assert (order.state, order.taken_g) == ("open", 0)
    book = deal.read(Book, "custard_apple")
    assert book.version > book.cleared_version
    assert deal.kinds() == ["match.made", f"contract.{end}"]
    assert broken(deal.ledger) == {}


@pytest.mark.parametrize("end", ["declined", "lapsed"])
def test_a_pair_that_came_to_nothing_is_not_proposed_again(deal: Deal, end: str) -> None:
    ENDS[end](deal)
    deal.clear()
    with deal.ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Match)) == 1
        other = demand(session, party(session, "buyer"), deal.knowledge).id
    deal.clear()
    with deal.ledger.transaction() as session:
        assert session.scalars(select(Match.demand_id).where(Match.released_at.is_(None))).all() == [other]


def test_before_its_deadline_nothing_lapses_and_agreed_contracts_never_do(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        assert lapse(session) == 0
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    assert deal.let_lapse() == 0
    assert deal.signature == "agreed"


def test_past_its_deadline_nobody_can_accept_even_before_the_sweep_comes(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Contract).values(deadline_at=func.now() - timedelta(seconds=1)))
    with pytest.raises(Conflict, match="deadline"):
        deal.accept(deal.seller)


ILLEGAL: list[tuple[str, list[str], str]] = [
    ("the same side twice", ["accept seller"], "accept seller"),
    ("accepting what was declined", ["decline buyer"], "accept seller"),
    ("declining what is agreed", ["accept seller", "accept buyer"], "decline seller"),
    ("declining twice", ["decline seller"], "decline buyer"),
    ("cancelling what was declined", ["decline seller"], "cancel operator"),
]


@pytest.mark.parametrize(("what", "before", "move"), ILLEGAL, ids=[what for what, _, _ in ILLEGAL])
def test_an_illegal_move_is_refused_with_the_legal_ones(
    deal: Deal, what: str, before: list[str], move: str
) -> None:
    def make(said: str) -> None:
        name, who = said.split()
        getattr(deal, name)(getattr(deal, who))

    for said in before:
        make(said)
    with pytest.raises(Conflict, match="you may now: "):
        make(move)


def test_terms_that_were_not_read_can_not_be_accepted(deal: Deal) -> None:
    with pytest.raises(Invalid, match="terms_hash"):
        deal.accept(deal.seller, "0" * 64)
    assert deal.signature == "draft"


def test_others_can_not_move_a_contract_nor_parties_cancel_it(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        stranger = party(session, "buyer")
    with pytest.raises(NotFound):
        deal.decline(stranger)
    with pytest.raises(Forbidden):
        deal.cancel(deal.seller)
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        assert moves(contract, deal.seller) == ["accept", "decline", "amend"]
        assert moves(contract, deal.operator) == ["cancel"]


def test_a_withdrawn_order_stays_withdrawn_when_its_contract_ends(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Lot).values(state="withdrawn"))
    deal.decline(deal.buyer)
    assert (deal.read(Lot, deal.lot_id).state, deal.read(Lot, deal.lot_id).taken_g) == ("withdrawn", 0)


def test_a_filled_order_past_its_day_does_not_open_again(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Demand).values(expires_on=func.current_date() - 3))
    deal.decline(deal.seller)
    assert deal.read(Demand, deal.demand_id).state == "expired"


def test_the_page_tells_what_became_of_the_contract(deal: Deal) -> None:
    def page() -> str:
        with deal.ledger.transaction() as session:
            render(session, deal.id, deal.settings)
            return contract_document(
                session, session.get_one(Contract, deal.id), HTML, deal.settings
            ).decode()

    assert "DRAFT" in page()
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    assert "AGREED" in page()
    assert "Giám đốc" in page()
    with deal.ledger.transaction() as session:
        assert None not in session.scalars(select(Document.rendered_at)).all()


def test_a_decline_does_not_hold_the_book_while_it_waits_for_an_order(deal: Deal) -> None:
    """A clearing holds orders, then asks for their book: the other way round they would wait for ever."""
    with ThreadPoolExecutor() as threads:
        with deal.ledger.transaction() as session:
            session.get_one(Demand, deal.demand_id, with_for_update=True)
            declined = threads.submit(deal.decline, deal.buyer)
            wait_for_waiting(deal.ledger)
            book_changed(session, "custard_apple")
        assert declined.result(30) == "declined"


def test_a_stranger_finds_no_contract_to_cancel_and_a_side_is_told_whose_it_is_to_cancel(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        stranger = party(session, "buyer")
    with pytest.raises(NotFound):
        deal.cancel(stranger)
    with pytest.raises(Forbidden, match="operators"):
        deal.cancel(deal.seller)

"""Amendments: what one side proposes, the other answers, and what becomes of the quantities."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text, update

from matcher.clock import end_of, today
from matcher.contracts.amended import differences
from matcher.contracts.amendments import decline_amendment, lapse_amendments, withdraw_amendment
from matcher.contracts.compared import comparison
from matcher.contracts.documents import contract_document, render
from matcher.contracts.draft import DOCX, HTML, PDF
from matcher.contracts.life import Reason, remind
from matcher.contracts.moves import moves
from matcher.contracts.steps import digest, steps_of, terms_of_version
from matcher.errors import Conflict, Invalid, NotFound
from matcher.store.tables import Amendment, Contract, Demand, Event, Lot, Signature, Step
from tests.contracts.deal import Deal
from tests.contracts.test_documents import docx_text, html_text, pdf_pages, run_together
from tests.market import day
from tests.trading.invariants import broken


def taken(deal: Deal) -> tuple[int, int]:
    return deal.read(Lot, deal.lot_id).taken_g, deal.read(Demand, deal.demand_id).taken_g


def states(deal: Deal) -> list[str]:
    with deal.ledger.transaction() as session:
        return list(session.scalars(select(Amendment.state).order_by(Amendment.id)))


def test_an_accepted_amendment_is_the_next_version_agreed_by_both(deal: Deal) -> None:
    amendment = deal.propose(deal.buyer, quantity_kg=500, price=21_000)
    contract = deal.accept_amendment(deal.seller, amendment)
    assert (contract.version, contract.signature) == (2, "agreed")
    assert contract.terms["quantity_kg"] == "500"
    assert contract.terms["price"]["farm_gate"] == 21_000
    assert contract.terms["amount"] == 10_500_000
    with deal.ledger.transaction() as session:
        signed = {(each.version, each.side) for each in session.scalars(select(Signature))}
    assert signed == {(2, "buyer"), (2, "seller")}
    assert taken(deal) == (500_000, 500_000)
    assert broken(deal.ledger) == {}


def test_an_agreed_contract_changes_only_when_both_want_it(deal: Deal) -> None:
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    before = deal.read(Contract, deal.id).terms
    amendment = deal.propose(deal.seller, price=22_000)
    assert deal.read(Contract, deal.id).terms == before
    deal.accept_amendment(deal.buyer, amendment)
    after = deal.read(Contract, deal.id)
    assert (after.version, after.terms["price"]["farm_gate"]) == (2, 22_000)
    assert broken(deal.ledger) == {}


def test_more_is_taken_of_both_orders_when_more_is_agreed(deal: Deal) -> None:
    with pytest.raises(Invalid, match="demand has 0 kg left"):
        deal.propose(deal.seller, quantity_kg=601)
    amendment = deal.propose(deal.seller, quantity_kg=400)
    deal.accept_amendment(deal.buyer, amendment)
    amendment = deal.propose(deal.buyer, quantity_kg="599.999")
    deal.accept_amendment(deal.seller, amendment)
    assert taken(deal) == (599_999, 599_999)
    assert broken(deal.ledger) == {}


@pytest.mark.parametrize(("lot_kg", "demand_kg", "most"), [(650, 900, 650), (900, 620, 620), (601, 900, 601)])
def test_who_asks_for_too_much_is_told_the_most_that_both_orders_have(
    deal: Deal, lot_kg: int, demand_kg: int, most: int
) -> None:
    with deal.ledger.transaction() as session:
        for kind, quantity in ((Lot, lot_kg), (Demand, demand_kg)):
            session.execute(update(kind).values(quantity_g=quantity * 1000, state="open"))
    with pytest.raises(Invalid) as refused:
        deal.propose(deal.buyer, quantity_kg=1000)
    assert refused.value.faults[0].remedy == f"Give at most {most} kg."
    with pytest.raises(Invalid, match="beside what"):
        deal.propose(deal.buyer, quantity_kg=f"{most}.001")
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=most))


def test_what_was_sold_to_others_meanwhile_can_not_be_agreed_on(deal: Deal) -> None:
    deal.accept_amendment(deal.buyer, deal.propose(deal.seller, quantity_kg=100))
    amendment = deal.propose(deal.buyer, quantity_kg=600)
    with deal.ledger.transaction() as session:
        session.execute(update(Demand).values(state="withdrawn"))
    with pytest.raises(Invalid, match="demand has 0 kg left"):
        deal.accept_amendment(deal.seller, amendment)
    assert taken(deal) == (100_000, 100_000)


def test_a_counter_proposal_settles_the_one_it_answers(deal: Deal) -> None:
    first = deal.propose(deal.seller, price=25_000)
    second = deal.propose(deal.buyer, price=23_000)
    with pytest.raises(Conflict):
        deal.accept_amendment(deal.buyer, first)
    deal.accept_amendment(deal.seller, second)
    assert states(deal) == ["countered", "accepted"]
    assert deal.read(Contract, deal.id).terms["price"]["farm_gate"] == 23_000


def test_one_does_not_accept_ones_own_proposal(deal: Deal) -> None:
    amendment = deal.propose(deal.seller, price=25_000)
    with pytest.raises(Conflict, match="withdraw_amendment"):
        deal.accept_amendment(deal.seller, amendment)


def test_an_amendment_is_accepted_on_the_hash_of_its_own_terms(deal: Deal) -> None:
    amendment = deal.propose(deal.seller, price=25_000)
    with pytest.raises(Invalid):
        deal.accept_amendment(deal.buyer, amendment, digest(deal.read(Contract, deal.id).terms))


def test_a_declined_or_withdrawn_amendment_leaves_the_contract_as_it_was(deal: Deal) -> None:
    before = deal.read(Contract, deal.id)
    amendment = deal.propose(deal.seller, price=25_000)
    with deal.ledger.transaction() as session:
        decline_amendment(session, deal.id, amendment, deal.buyer, Reason(reason="Giá cao"))
    amendment = deal.propose(deal.buyer, price=20_000)
    with deal.ledger.transaction() as session:
        withdraw_amendment(session, deal.id, amendment, deal.buyer, Reason(reason="Nghĩ lại"))
    after = deal.read(Contract, deal.id)
    assert states(deal) == ["declined", "withdrawn"]
    assert (after.version, after.terms, after.signature) == (1, before.terms, "draft")


def test_an_amendment_of_an_agreed_contract_lapses_unanswered(deal: Deal) -> None:
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    amendment = deal.propose(deal.seller, price=25_000)
    with deal.ledger.transaction() as session:
        session.execute(update(Amendment).values(deadline_at=func.now() - timedelta(seconds=1)))
    with pytest.raises(Conflict):
        deal.accept_amendment(deal.buyer, amendment)
    with deal.ledger.transaction() as session:
        assert lapse_amendments(session) == 1
        assert lapse_amendments(session) == 0
    assert states(deal) == ["lapsed"]
    assert "amend" in moves_of(deal)


def moves_of(deal: Deal) -> list[str]:
    with deal.ledger.transaction() as session:
        return list(moves(session.get_one(Contract, deal.id), deal.seller))


def test_a_contract_that_comes_to_nothing_takes_its_open_amendment_along(deal: Deal) -> None:
    amendment = deal.propose(deal.seller, price=25_000)
    deal.decline(deal.buyer)
    with pytest.raises(Conflict):
        deal.accept_amendment(deal.buyer, amendment)
    assert states(deal) == ["lapsed"]
    assert taken(deal) == (0, 0)


@pytest.mark.parametrize(
    ("other", "path"),
    [
        ({"quantity_kg": 0}, "quantity_kg"),
        ({"quantity_kg": "0.0001"}, "quantity_kg"),
        ({"quantity_kg": 600}, ""),
        ({"delivery_day": day(-1)}, "delivery_day"),
        ({"delivery_day": day(300)}, "delivery_day"),
        ({"delivery_day": day(40)}, "delivery_day"),
    ],
)
def test_terms_that_can_not_be_are_refused(deal: Deal, other: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        deal.propose(deal.seller, **other)
    assert [fault.path for fault in refused.value.faults] == [path]
    assert states(deal) == []


def test_another_day_moves_the_picking_as_far_as_the_harvest_allows(deal: Deal) -> None:
    terms = deal.read(Contract, deal.id).terms
    later = date.fromisoformat(terms["delivery_day"]) + timedelta(days=5)
    contract = deal.accept_amendment(deal.seller, deal.propose(deal.buyer, delivery_day=later))
    assert contract.terms["delivery_day"] == later.isoformat()
    assert contract.terms["deliver_until"] >= later.isoformat(), "or it would be late by its own terms"
    assert contract.terms["pick_day"] <= deal.read(Lot, deal.lot_id).harvest_until.isoformat()
    assert contract.terms["pick_day"] <= contract.terms["leave_day"] <= contract.terms["delivery_day"]


def test_another_day_keeps_the_shelf_life_that_the_buyer_needs(deal: Deal) -> None:
    last_fresh = deal.read(Lot, deal.lot_id).harvest_until + timedelta(days=shelf_life(deal) - 2)
    with deal.ledger.transaction() as session:
        session.execute(update(Demand).values(min_shelf_life_days=2))
    with pytest.raises(Invalid, match="not fresh enough") as refused:
        deal.propose(deal.buyer, delivery_day=last_fresh + timedelta(days=1))
    assert refused.value.faults[0].remedy == f"Give {last_fresh} or an earlier day."
    contract = deal.accept_amendment(deal.seller, deal.propose(deal.buyer, delivery_day=last_fresh))
    assert contract.terms["delivery_day"] == last_fresh.isoformat()


def shelf_life(deal: Deal) -> int:
    return deal.knowledge.catalogue.crops["custard_apple"].shelf_life_days["ambient"]


def test_goods_are_not_amended_to_cost_nothing(deal: Deal) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        deal.propose(deal.buyer, price=0)
    with pytest.raises(Invalid, match="cost nothing"):
        deal.propose(deal.buyer, price=1, quantity_kg="0.001")
    assert deal.accept_amendment(deal.seller, deal.propose(deal.buyer, price=1)).terms["amount"] == 600


def test_the_smallest_parts_that_the_orders_named_may_be_waived_by_agreement(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Lot).values(multiple_g=25_000, min_take_g=100_000))
        session.execute(update(Demand).values(min_fill_g=300_000))
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=37))
    assert taken(deal) == (37_000, 37_000)


def test_an_amendment_is_answered_before_the_last_day_of_delivery_is_over(deal: Deal) -> None:
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        contract.terms = contract.terms | {"deliver_until": day(0), "delivery_day": day(0)}
    deal.settings = deal.settings.model_copy(update={"contract_deadline_hours": 72})
    amendment = deal.propose(deal.buyer, price=21_000)
    assert deal.read(Amendment, amendment).deadline_at == end_of(today())
    with deal.ledger.transaction() as session:
        session.execute(update(Amendment).values(deadline_at=func.now() - timedelta(seconds=1)))
        contract = session.get_one(Contract, deal.id)
        contract.terms = contract.terms | {"deliver_until": day(-1), "delivery_day": day(-1)}
    with pytest.raises(Invalid, match="is over"):
        deal.propose(deal.buyer, price=21_000)
    deal.propose(deal.buyer, delivery_day=day(2))


def test_versions_can_be_read_and_compared_afterwards(deal: Deal) -> None:
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=500))
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        first, second = (terms_of_version(session, contract, version) for version in (1, 2))
    assert second == contract.terms
    assert {each.field: (each.before, each.after) for each in differences(first, second)} == {
        "quantity_kg": ("600", "500"),
        "amount": (first["amount"], second["amount"]),
    }


def test_two_versions_are_compared_on_one_page_also_before_the_second_is_accepted(deal: Deal) -> None:
    proposed = deal.propose(deal.buyer, quantity_kg=500, price=21_000)
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        page, pdf, word = (
            comparison(session, contract, (1, 2), form, deal.settings) for form in (HTML, PDF, DOCX)
        )
        with pytest.raises(NotFound):
            comparison(session, contract, (1, 3), PDF, deal.settings)
    (only_page,) = pdf_pages(pdf)
    for said in map(run_together, (html_text(page), only_page, docx_text(word))):
        for part in ("Bản1", "Bản2", "600kg", "500kg", "Nămtrămki-lô-gam", "21.000đ/kg", "10.500.000đ"):
            assert part in said, part
        assert "Điều4" not in said, "what stays the same is left out"
        assert "600kg×29.558đ/kg=" in said, "each version has its own arithmetic"
        assert "500kg×21.000đ/kg=10.500.000đ" in said
        assert "BẢN2(mớiđượcđềnghị)" in said
        assert "BẢN1(" not in said
    deal.accept_amendment(deal.seller, proposed)
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        assert "đề nghị" not in comparison(session, contract, (1, 2), HTML, deal.settings).decode()


def test_the_steps_are_chained_and_the_database_keeps_them_as_they_are(deal: Deal) -> None:
    deal.accept(deal.seller)
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=500))
    with deal.ledger.transaction() as session:
        steps = steps_of(session, session.get_one(Contract, deal.id))
    assert [step.statement["kind"] for step in steps] == [
        "drafted", "accepted", "amendment_proposed", "amended",
    ]  # fmt: skip
    assert [step.hash for step in steps] == [digest(step.statement) for step in steps]
    assert [step.statement["previous"] for step in steps] == [None, *(step.hash for step in steps[:-1])]
    for change in ("UPDATE step SET hash = 'x'", "DELETE FROM step"):
        with pytest.raises(Exception, match="never changed"), deal.ledger.transaction() as session:
            session.execute(text(change))
    assert len(steps) == deal.count(Step)


def test_a_draft_is_sent_once_its_page_is_rendered_and_again_for_each_version(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        render(session, deal.id, deal.settings)
    assert deal.signature == "sent"
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=500))
    with deal.ledger.transaction() as session:
        render(session, deal.id, deal.settings)
        page = contract_document(session, session.get_one(Contract, deal.id), HTML, deal.settings).decode()
    assert "500 kg" in page
    assert "600 kg" not in page


def test_both_sides_are_reminded_once_before_a_draft_lapses(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        assert remind(session) == 0
        session.execute(update(Contract).values(remind_at=func.now()))
    for reminded in (1, 0):
        with deal.ledger.transaction() as session:
            assert remind(session) == reminded
    with deal.ledger.transaction() as session:
        assert session.scalars(select(Event.kind).where(Event.kind == "contract.lapsing")).all()

"""Fulfilment: weigh tickets, tolerance, shortfall and surplus, payments, disputes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select, update

from matcher.book.demands import amend_demand
from matcher.book.orders import withdraw as withdraw_order
from matcher.clock import VIETNAM, now, today
from matcher.contracts.accounts import (
    PaymentPost,
    close_dispute,
    open_dispute,
    payment_state,
    record_payment,
)
from matcher.contracts.attachments import attach, get_attachment
from matcher.contracts.closing import Closing, close, close_overdue
from matcher.contracts.confirmed import confirm_delivery, confirm_payment
from matcher.contracts.declined import declined_pairs
from matcher.contracts.documents import contract_document
from matcher.contracts.draft import HTML
from matcher.contracts.fulfilment import least_grams, record_delivery
from matcher.contracts.fulfilment_view import FulfilmentView, fulfilment_view
from matcher.contracts.life import Reason, decline
from matcher.contracts.mistakes import withdraw_closing, withdraw_delivery, withdraw_payment
from matcher.contracts.moves import moves
from matcher.contracts.steps import digest, steps_of
from matcher.contracts.tickets import DeliveryPost
from matcher.errors import Conflict, Forbidden, Invalid, NotFound
from matcher.faults import invalid
from matcher.store.tables import (
    Amendment,
    Attachment,
    Contract,
    Demand,
    Dispute,
    Event,
    GoodsDelivery,
    Lot,
    Match,
    OrderNews,
    Party,
    Payment,
    Signature,
)
from tests.contracts.deal import Deal
from tests.market import day, demand, lot, party
from tests.trading.invariants import broken
from tests.trading.locks import wait_for_waiting

PHOTOGRAPH = b"\xff\xd8\xff\xe0 weigh ticket"


@pytest.fixture
def agreed(deal: Deal) -> Deal:
    """A contract over 600 kg that both have accepted, with 5 % of tolerance."""
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        contract.terms = contract.terms | {"rules": {"tolerance_percent": 5}}
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    return deal


def ticket(net_kg: str | int = 600, **other: Any) -> DeliveryPost:
    gross = f"{float(net_kg) + 50:.3f}"
    said = {"ticket_number": "PC-17", "delivered_at": now(), "gross_kg": gross, "tare_kg": 50}
    return DeliveryPost.model_validate(said | other)


def weigh(deal: Deal, post: DeliveryPost, by: Party | None = None) -> FulfilmentView:
    with deal.ledger.transaction() as session:
        contract = record_delivery(session, deal.id, by or deal.buyer, post, deal.knowledge)
        return fulfilment_view(contract)


def end(deal: Deal, by: Party | None = None, **said: Any) -> str:
    with deal.ledger.transaction() as session:
        closing = Closing.model_validate({"reason": "Hết hàng"} | said)
        return close(session, deal.id, by or deal.seller, closing).fulfilment


def last_day_over(deal: Deal, days: int = 1) -> None:
    """So that the contract's last day of delivery was so many days ago."""
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        last = (today() - timedelta(days=days)).isoformat()
        contract.terms = contract.terms | {"delivery_day": last, "deliver_until": last}


OrderT = TypeVar("OrderT", Lot, Demand)


def reoffered(deal: Deal, kind: type[OrderT], first: UUID) -> OrderT | None:
    """The order besides the deal's own, if there is one."""
    with deal.ledger.transaction() as session:
        return session.scalars(select(kind).where(kind.id != first)).one_or_none()


def test_a_delivery_within_the_tolerance_fulfils_the_contract(agreed: Deal) -> None:
    seen = weigh(agreed, ticket(570))
    assert (seen.fulfilment, str(seen.accepted_kg), str(seen.outstanding_kg)) == ("fulfilled", "570", "30")
    assert seen.due == 570 * agreed.read(Contract, agreed.id).terms["price"]["farm_gate"]
    assert seen.payment == "unpaid"


def test_deliveries_add_up_to_the_gram(agreed: Deal) -> None:
    assert weigh(agreed, ticket("569.999")).fulfilment == "partly_delivered"
    seen = weigh(agreed, ticket("0.001", ticket_number="PC-18"))
    assert (seen.fulfilment, str(seen.accepted_kg)) == ("fulfilled", "570")
    assert [delivery.position for delivery in seen.deliveries] == [1, 2]


def test_a_weigh_ticket_counts_once_whichever_side_records_it(agreed: Deal) -> None:
    weigh(agreed, ticket(300))
    for side in (agreed.buyer, agreed.seller):
        with pytest.raises(Invalid, match="recorded already, by the buyer, as delivery 1"):
            weigh(agreed, ticket(300), side)
        with pytest.raises(Invalid, match="recorded already, by the buyer, as delivery 1"):
            weigh(agreed, ticket(300, ticket_number="pc - 17"), side)
    assert weigh(agreed, ticket(270, ticket_number="PC-18")).fulfilment == "fulfilled"


@pytest.mark.parametrize(
    "same",
    [
        "\uff30\uff23\uff0d\uff11\uff17",
        "pc\u201117",
        "PC \u2013 17",
        "PC\u221217",
        "PC\ufe6317",
        "PC 17",
        "PC17",
        "pc/17.",
    ],
)
def test_a_number_is_the_same_however_its_letters_and_digits_are_written_and_parted(
    agreed: Deal, same: str
) -> None:
    weigh(agreed, ticket(300))
    with pytest.raises(Invalid, match="recorded already"):
        weigh(agreed, ticket(300, ticket_number=same))
    pay(agreed, 1, "PC-17")
    with pytest.raises(Invalid, match="recorded already"):
        pay(agreed, 1, same)
    assert pay(agreed, 1, "PC-71").paid == 2


@pytest.mark.parametrize("none", ["---", " - ", ".", "…"])
def test_a_number_without_a_letter_or_digit_is_none(agreed: Deal, none: str) -> None:
    with pytest.raises(ValidationError, match="no letter and no digit"):
        ticket(300, ticket_number=none)
    with pytest.raises(ValidationError, match="no letter and no digit"):
        pay(agreed, 1, none)


def test_more_than_the_tolerance_is_the_buyers_to_take_over(agreed: Deal) -> None:
    with pytest.raises(Invalid, match="631 kg delivered of at most 630"):
        weigh(agreed, ticket(631), agreed.seller)
    weigh(agreed, ticket(630), agreed.seller)
    assert str(weigh(agreed, ticket(20, ticket_number="PC-18")).accepted_kg) == "650"


def withdraw(deal: Deal, position: int, by: Party) -> FulfilmentView:
    with deal.ledger.transaction() as session:
        contract = withdraw_delivery(session, deal.id, position, by, Reason(reason="Gõ nhầm số"))
        return fulfilment_view(contract)


def test_a_weigh_ticket_recorded_by_mistake_is_withdrawn_and_stays_on_record(agreed: Deal) -> None:
    weigh(agreed, ticket(300))
    weigh(agreed, ticket(6000, ticket_number="PC-18"))
    with pytest.raises(Forbidden):
        withdraw(agreed, 2, agreed.seller)
    seen = withdraw(agreed, 2, agreed.buyer)
    assert (seen.fulfilment, str(seen.accepted_kg), str(seen.outstanding_kg)) == (
        "partly_delivered",
        "300",
        "300",
    )
    assert [each.withdrawal_reason for each in seen.deliveries] == [None, "Gõ nhầm số"]
    with pytest.raises(Conflict, match="already"):
        withdraw(agreed, 2, agreed.buyer)
    assert weigh(agreed, ticket(300, ticket_number="PC-18")).fulfilment == "fulfilled"
    assert withdraw(agreed, 1, agreed.operator).fulfilment == "partly_delivered"
    assert withdraw(agreed, 3, agreed.buyer).fulfilment == "unfulfilled"
    assert agreed.kinds().count("contract.delivery_withdrawn") == 3


def recorded_long_ago(deal: Deal) -> None:
    """So that the time for contesting what was recorded is over."""
    with deal.ledger.transaction() as session:
        session.execute(update(GoodsDelivery).values(recorded_at=now() - timedelta(hours=25)))
        session.execute(update(Payment).values(recorded_at=now() - timedelta(hours=25)))


def test_what_the_other_side_confirmed_is_an_operators_to_withdraw(agreed: Deal) -> None:
    paid = pay(agreed, weigh(agreed, ticket()).due, "FT1").payments[0].id
    confirm(agreed, agreed.seller)
    with agreed.ledger.transaction() as session:
        confirm_payment(session, agreed.id, paid, agreed.seller)
    with pytest.raises(Forbidden, match="only an operator"):
        withdraw(agreed, 1, agreed.buyer)
    for by, refused in ((agreed.buyer, Forbidden), (agreed.operator, None)):
        with pytest.raises(refused) if refused else nullcontext(), agreed.ledger.transaction() as session:
            withdraw_payment(session, agreed.id, paid, by, Reason(reason="Nhầm"))
    assert withdraw(agreed, 1, agreed.operator).fulfilment == "unfulfilled"


def test_what_was_not_contested_in_time_is_an_operators_to_withdraw(agreed: Deal) -> None:
    weigh(agreed, ticket(300), agreed.seller)
    recorded_long_ago(agreed)
    with pytest.raises(Forbidden, match="only an operator"):
        withdraw(agreed, 1, agreed.seller)
    with agreed.ledger.transaction() as session:
        contested = Dispute(
            contract_id=agreed.id,
            side="buyer",
            about="Cân sai",
            opened_at=now() - timedelta(hours=24, minutes=30),
        )
        session.add(contested)
    assert withdraw(agreed, 1, agreed.seller).fulfilment == "unfulfilled", "it admits what was contested"


def test_a_ticket_is_confirmed_or_withdrawn_never_both(agreed: Deal) -> None:
    weigh(agreed, ticket(), agreed.seller)
    with ThreadPoolExecutor(1) as other:
        with agreed.ledger.transaction() as session:
            confirm_delivery(session, agreed.id, 1, agreed.buyer)
            withdrawn = other.submit(withdraw, agreed, 1, agreed.seller)
            wait_for_waiting(agreed.ledger)
        with pytest.raises(Forbidden, match="only an operator"):
            withdrawn.result()


def test_a_false_final_ticket_is_undone_by_an_operator_and_what_was_offered_anew_taken_back(
    agreed: Deal,
) -> None:
    assert weigh(agreed, ticket(100, final=True), agreed.seller).fulfilment == "short"
    with pytest.raises(Conflict):
        withdraw(agreed, 1, agreed.seller)
    assert withdraw(agreed, 1, agreed.operator).fulfilment == "unfulfilled"
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short is not None
    assert short.state == "withdrawn"
    with agreed.ledger.transaction() as session:
        last = steps_of(session, session.get_one(Contract, agreed.id))[-1].statement["data"]
    assert (last["fulfilment"], last["taken_back"]) == ("unfulfilled", {str(short.id): "500"})
    assert weigh(agreed, ticket(600)).fulfilment == "fulfilled"
    agreed.clear()
    assert agreed.count(Contract) == 1
    assert broken(agreed.ledger) == {}


def open_again(deal: Deal, by: Party) -> str:
    with deal.ledger.transaction() as session:
        return withdraw_closing(session, deal.id, by, Reason(reason="Hàng đã đến")).fulfilment


def test_a_false_breach_is_undone_by_an_operator_who_withdraws_the_closing(agreed: Deal) -> None:
    last_day_over(agreed, days=3)
    assert end(agreed, agreed.buyer) == "breached"
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short is not None
    for side in (agreed.seller, agreed.buyer):
        with pytest.raises(Conflict):
            open_again(agreed, side)
    assert open_again(agreed, agreed.operator) == "unfulfilled"
    assert agreed.read(Demand, short.id).state == "withdrawn"
    step = last_step(agreed)
    assert (step["kind"], step["by"]) == ("closing_withdrawn", "operator")
    assert step["data"] == {
        "reason": "Hàng đã đến", "fulfilment": "unfulfilled", "taken_back": {str(short.id): "600"},
        "taken_back_kg": "600", "open_again": True,
    }  # fmt: skip
    assert agreed.kinds()[-1] == "contract.closing_withdrawn"
    with pytest.raises(Conflict):
        open_again(agreed, agreed.operator)
    assert weigh(agreed, ticket(600)).fulfilment == "fulfilled"
    assert broken(agreed.ledger) == {}


def test_a_pair_whose_breach_was_false_may_be_matched_again(agreed: Deal) -> None:
    with agreed.ledger.transaction() as session:
        wanted = session.get_one(Demand, agreed.demand_id)
        wanted.quantity_g, wanted.state = 700_000, "open"
    end(agreed)
    agreed.clear()
    assert agreed.count(Match) == 1
    open_again(agreed, agreed.operator)
    agreed.clear()
    assert agreed.count(Match) == 2, "the 100 kg that the demand still wants"


@pytest.mark.parametrize("note", [None, "Hết hàng"])
def test_what_a_last_ticket_closes_is_told_with_its_number_beside_the_reason(
    agreed: Deal, note: str | None
) -> None:
    weigh(agreed, ticket(100, final=True, note=note), agreed.seller)
    for said in (told(agreed, "contract.closed"), last_step(agreed)["data"]):
        assert (said["reason"], said["ticket_number"]) == (note, "PC-17")


@pytest.mark.parametrize(
    ("net_kg", "came"),
    [
        (0, ("vi phạm, không có hàng được giao", "BREACHED, nothing was delivered")),
        (100, ("giao thiếu, việc giao hàng đã kết thúc", "SHORT, the deliveries are closed")),
    ],
)
def test_the_page_of_a_contract_says_what_came_of_it(deal: Deal, net_kg: int, came: tuple[str, str]) -> None:
    def state() -> str:
        with deal.ledger.transaction() as session:
            page = contract_document(session, session.get_one(Contract, deal.id), HTML, deal.settings)
        return page.decode().partition('class="state')[2].partition("</p>")[0]

    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    assert state().endswith("AGREED by both sides</span>")
    if net_kg:
        weigh(deal, ticket(net_kg))
        assert "đã giao một phần" in state()
    end(deal)
    assert [said for said in came if said not in state()] == []


def test_what_is_told_of_deliveries_says_how_many_kilograms_came_of_how_many_agreed(agreed: Deal) -> None:
    def came(kind: str) -> tuple[str, str]:
        said = told(agreed, kind)
        return said["accepted_kg"], said["quantity_kg"]

    weigh(agreed, ticket("250.5"))
    assert came("contract.delivered") == ("250.5", "600")
    rejected = ticket(200, ticket_number="PC-18", rejected_kg=50, rejection_reason="Dập nát", final=True)
    weigh(agreed, rejected, agreed.seller)
    assert came("contract.delivered") == came("contract.closed") == ("400.5", "600")
    withdraw(agreed, 2, agreed.operator)
    assert came("contract.delivery_withdrawn") == ("250.5", "600")
    assert "accepted_kg" not in told(agreed, "contract.agreed")


def test_that_deliveries_are_open_again_is_told_of_a_ticket_withdrawn_after_they_were_closed_only(
    agreed: Deal,
) -> None:
    weigh(agreed, ticket(100, ticket_number="PC-16"), agreed.seller)
    withdraw(agreed, 1, agreed.seller)
    assert "open_again" not in told(agreed, "contract.delivery_withdrawn")
    weigh(agreed, ticket(100, final=True), agreed.seller)
    withdraw(agreed, 2, agreed.operator)
    assert told(agreed, "contract.delivery_withdrawn")["open_again"] is True


def test_where_a_ticket_stands_it_is_withdrawn_and_not_the_closing(agreed: Deal) -> None:
    assert weigh(agreed, ticket(100, final=True), agreed.seller).fulfilment == "short"
    with pytest.raises(Conflict, match="withdraw_delivery"):
        open_again(agreed, agreed.operator)


def test_what_was_matched_before_a_closing_was_undone_is_not_wanted_twice(agreed: Deal) -> None:
    weigh(agreed, ticket(400, final=True), agreed.seller)
    agreed.clear()
    assert agreed.count(Contract) == 2, "200 kg come from elsewhere"
    assert withdraw(agreed, 1, agreed.operator).fulfilment == "unfulfilled"
    weigh(agreed, ticket(300, ticket_number="PC-18", final=True), agreed.seller)
    with agreed.ledger.transaction() as session:
        newest = session.scalars(select(Demand).order_by(Demand.id.desc())).first()
        assert newest is not None
        assert newest.quantity_g == 100_000
    assert broken(agreed.ledger) == {}


def test_whoever_declined_what_an_earlier_closing_offered_is_not_asked_by_the_next(agreed: Deal) -> None:
    weigh(agreed, ticket(400, final=True), agreed.seller)
    agreed.clear()
    withdraw(agreed, 1, agreed.operator)
    with agreed.ledger.transaction() as session:
        other = session.scalars(select(Contract).where(Contract.id != agreed.id)).one()
        declining = session.get_one(Party, other.seller_id)
        lot_id = session.get_one(Match, other.match_id).lot_id
        decline(session, other.id, declining, "Hết hàng")
    weigh(agreed, ticket(300, ticket_number="PC-18", final=True), agreed.seller)
    with agreed.ledger.transaction() as session:
        newest = session.scalars(select(Demand).order_by(Demand.id.desc())).first()
        assert newest is not None
        assert lot_id in {lot for lot, _ in declined_pairs(session, newest.crop, [newest.id])}
    assert broken(agreed.ledger) == {}


def enlarge(deal: Deal, demand_id: UUID, **changes: Any) -> None:
    with deal.ledger.transaction() as session:
        amend_demand(session, deal.buyer, demand_id, changes, None, deal.knowledge)


def told(deal: Deal, kind: str) -> dict[str, Any]:
    """What the newest event of this kind says."""
    with deal.ledger.transaction() as session:
        newest = select(Event.data).where(Event.kind == kind).order_by(Event.id.desc()).limit(1)
        return session.scalars(newest).one()


def test_what_a_buyer_has_added_to_what_is_wanted_anew_stays_when_the_closing_is_undone(agreed: Deal) -> None:
    last_day_over(agreed, days=3)
    end(agreed, agreed.buyer)
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short is not None
    enlarge(agreed, short.id, quantity_kg=2000, min_fill_kg=1900, deliver_until=day(20))
    open_again(agreed, agreed.operator)
    kept = agreed.read(Demand, short.id)
    assert (kept.state, kept.quantity_g, kept.min_fill_g) == ("open", 1_400_000, 1_400_000)
    assert kept.deliver_until.isoformat() == day(20)
    assert told(agreed, "contract.closing_withdrawn")["taken_back_kg"] == "600"
    with agreed.ledger.transaction() as session:
        news = session.scalars(select(OrderNews).where(OrderNews.order_id == short.id)).all()
    stood = [(each.remaining_g, each.by_owner) for each in news if each.what == "amended"]
    assert stood == [(2_000_000, True), (1_400_000, False)]
    end(agreed, agreed.buyer)
    open_again(agreed, agreed.operator)
    assert agreed.read(Demand, short.id).quantity_g == 1_400_000, "nothing in it is the contract's"
    assert broken(agreed.ledger) == {}


def test_only_the_contracts_own_kilograms_count_as_matched_where_its_buyer_has_added_some(
    agreed: Deal,
) -> None:
    weigh(agreed, ticket(400, final=True), agreed.seller)
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short is not None
    enlarge(agreed, short.id, quantity_kg=700)
    agreed.clear()
    taken_g = agreed.read(Demand, short.id).taken_g
    assert taken_g > 200_000, "more than was the contract's is matched"
    withdraw(agreed, 1, agreed.operator)
    assert told(agreed, "contract.delivery_withdrawn")["taken_back_kg"] == "0"
    assert agreed.read(Demand, short.id).quantity_g == 700_000
    weigh(agreed, ticket(300, ticket_number="PC-18", final=True), agreed.seller)
    with agreed.ledger.transaction() as session:
        newest = session.scalars(select(Demand).order_by(Demand.id.desc())).first()
        assert newest is not None
        assert newest.quantity_g == 100_000, "300 are short, 200 of which come from elsewhere"
    assert broken(agreed.ledger) == {}


def test_what_is_rejected_counts_as_not_delivered(agreed: Deal) -> None:
    seen = weigh(agreed, ticket(600, rejected_kg=100, rejection_reason="Dập nát"))
    assert (seen.fulfilment, str(seen.accepted_kg)) == ("partly_delivered", "500")


@pytest.mark.parametrize(
    ("other", "path"),
    [
        ({"tare_kg": 650}, "tare_kg"),
        ({"rejected_kg": 601, "rejection_reason": "x"}, "rejected_kg"),
        ({"rejected_kg": 5}, "rejection_reason"),
        ({"surplus_kg": 1}, "surplus_kg"),
        ({"rejected_kg": 5, "rejection_reason": "x", "surplus_kg": "5.001"}, "surplus_kg"),
        ({"rejection_reason": "x"}, "rejection_reason"),
        ({"gross_kg": "650.0001"}, "gross_kg"),
        ({"delivered_at": now() + timedelta(days=1)}, "delivered_at"),
        ({"delivered_at": now() - timedelta(days=1)}, "delivered_at"),
        ({"grades": [{"grade": "grade_1", "net_kg": 599}]}, "grades"),
        ({"grades": [{"grade": "gold", "net_kg": 600}]}, "grades.0.grade"),
    ],
)
def test_a_ticket_that_can_not_be_is_refused(agreed: Deal, other: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        weigh(agreed, ticket(600, **other))
    assert path in [fault.path for fault in refused.value.faults]
    assert agreed.read(Contract, agreed.id).fulfilment == "unfulfilled"


@pytest.mark.parametrize("said", ["true", 1, "no"])
def test_whether_a_ticket_is_the_last_is_true_or_false_and_no_text(said: object) -> None:
    for model, field in ((DeliveryPost, {"final": said}), (Closing, {"reoffer": said})):
        with pytest.raises(ValidationError) as refused:
            model.model_validate(field)
        (fault,) = [each for each in invalid(refused.value).faults if each.path in field]
        assert fault.remedy == "Give true or false, without quotes."


def test_a_weight_that_can_not_be_is_one_fault(agreed: Deal) -> None:
    with pytest.raises(Invalid) as refused:
        weigh(agreed, ticket(600, gross_kg="1.0005", rejected_kg=1, rejection_reason="x"))
    assert [fault.path for fault in refused.value.faults] == ["gross_kg"]


def test_each_grade_is_named_once(agreed: Deal) -> None:
    twice = [{"grade": "grade_1", "net_kg": 300}] * 2
    with pytest.raises(Invalid) as refused:
        weigh(agreed, ticket(600, grades=twice))
    assert [fault.path for fault in refused.value.faults] == ["grades.1.grade"]


def signed(deal: Deal, days_ago: int) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(Signature).values(signed_at=now() - timedelta(days=days_ago)))


@pytest.mark.parametrize(("days_ago", "earliest"), [(0, 0), (3, 3), (90, 60)])
def test_goods_were_weighed_on_the_day_of_the_agreement_or_later_and_not_long_ago(
    agreed: Deal, days_ago: int, earliest: int
) -> None:
    signed(agreed, days_ago)
    first = datetime.combine(today() - timedelta(days=earliest), time(0, 1), VIETNAM)
    for by in (agreed.seller, agreed.buyer):
        with pytest.raises(Invalid) as refused:
            weigh(agreed, ticket(10, delivered_at=first - timedelta(minutes=2)), by)
        assert f"on {first.date()} or later" in refused.value.faults[0].remedy
    assert weigh(agreed, ticket(10, delivered_at=min(first, now()))).fulfilment == "partly_delivered"


def test_an_amended_contract_was_agreed_when_it_first_was(agreed: Deal) -> None:
    signed(agreed, 2)
    agreed.accept_amendment(agreed.seller, agreed.propose(agreed.buyer, price=21_000))
    assert weigh(agreed, ticket(10, delivered_at=now() - timedelta(days=1))).deliveries
    with pytest.raises(Invalid, match="before the contract was agreed"):
        weigh(agreed, ticket(10, delivered_at=now() - timedelta(days=3), ticket_number="PC-18"))


def confirm(deal: Deal, by: Party) -> FulfilmentView:
    with deal.ledger.transaction() as session:
        return fulfilment_view(confirm_delivery(session, deal.id, 1, by))


def test_what_one_side_recorded_the_other_confirms_once(agreed: Deal) -> None:
    assert weigh(agreed, ticket(), agreed.seller).deliveries[0].standing == "waiting"
    with pytest.raises(Forbidden, match="the other side confirms"):
        confirm(agreed, agreed.seller)
    with pytest.raises(Conflict, match="you may now: withdraw_delivery"):
        confirm(agreed, agreed.operator)
    seen = confirm(agreed, agreed.buyer).deliveries[0]
    assert (seen.standing, seen.confirmed_at is not None) == ("relied_on", True)
    with pytest.raises(Conflict, match="confirmed already; you may now: record_payment"):
        confirm(agreed, agreed.buyer)
    assert agreed.kinds().count("contract.delivery_confirmed") == 1


def test_a_withdrawn_ticket_is_not_confirmed_or_withdrawn_again_and_the_refusal_says_what_is_left(
    agreed: Deal,
) -> None:
    weigh(agreed, ticket(300), agreed.seller)
    weigh(agreed, ticket(100, ticket_number="PC-18"), agreed.seller)
    assert withdraw(agreed, 1, agreed.seller).deliveries[0].standing == "withdrawn"
    with pytest.raises(Conflict, match=r"withdrawn; you may now: .*confirm_delivery"):
        confirm(agreed, agreed.buyer)
    with pytest.raises(Conflict, match=r"withdrawn already; you may now: .*withdraw_delivery"):
        withdraw(agreed, 1, agreed.seller)


def test_nothing_is_delivered_before_both_have_agreed(deal: Deal) -> None:
    with pytest.raises(Conflict):
        weigh(deal, ticket())
    with deal.ledger.transaction() as session:
        stranger = party(session, "buyer")
    with pytest.raises(NotFound):
        weigh(deal, ticket(), stranger)


def test_a_shortfall_is_a_new_demand_with_the_time_of_the_old_one(agreed: Deal) -> None:
    seen = weigh(agreed, ticket(400, final=True), agreed.seller)
    assert seen.fulfilment == "short"
    old, new = agreed.read(Demand, agreed.demand_id), reoffered(agreed, Demand, agreed.demand_id)
    assert new is not None
    assert (new.quantity_g, new.taken_g, new.state) == (200_000, 0, "open")
    assert new.posted_at == old.posted_at
    assert (new.crop, new.bid, new.party_id) == (old.crop, old.bid, old.party_id)
    agreed.clear()
    assert agreed.count(Contract) == 2, "what is left of the lot meets what is short"
    assert broken(agreed.ledger) == {}


@pytest.mark.parametrize("by", ["seller", "buyer"])
def test_what_is_short_is_news_to_the_buyer_unless_it_said_so_itself(
    agreed: Deal, by: Literal["seller", "buyer"]
) -> None:
    weigh(agreed, ticket(400))
    last_day_over(agreed)
    end(agreed, agreed.seller if by == "seller" else agreed.buyer)
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short
    with agreed.ledger.transaction() as session:
        posted = session.scalars(select(OrderNews).where(OrderNews.what == "posted"))
        knows = {news.order_id: news.by_owner for news in posted}
    assert knows[short.id] == (by == "buyer")


def test_a_contract_of_which_nothing_came_is_breached(agreed: Deal) -> None:
    last_day_over(agreed, days=3)
    assert end(agreed, agreed.buyer, reoffer=False) == "breached"
    assert reoffered(agreed, Demand, agreed.demand_id) is None
    with pytest.raises(Conflict):
        weigh(agreed, ticket())


def test_the_pair_of_a_breached_contract_is_not_matched_again_also_not_by_what_is_wanted_anew(
    agreed: Deal,
) -> None:
    with agreed.ledger.transaction() as session:
        wanted = session.get_one(Demand, agreed.demand_id)
        wanted.quantity_g, wanted.state = 700_000, "open"
    assert end(agreed) == "breached"
    agreed.clear()
    assert agreed.count(Match) == 1, "both have something left, and so has the copy"
    with agreed.ledger.transaction() as session:
        other = lot(session, agreed.seller, agreed.knowledge, quantity_kg=600).id
    agreed.clear()
    with agreed.ledger.transaction() as session:
        assert set(session.scalars(select(Match.lot_id))) == {agreed.lot_id, other}
        again = session.scalars(select(Contract).join(Match).where(Match.lot_id == other)).all()
        renewed = next(each for each in again if session.get_one(Match, each.match_id).quantity_g >= 500_000)
        renewed.signature, agreed.id = "agreed", renewed.id
    end(agreed)
    agreed.clear()
    with agreed.ledger.transaction() as session:
        pairs = [tuple(row) for row in session.execute(select(Match.lot_id, Match.demand_id))]
        assert len(pairs) == len(set(pairs)), "nor by the copy of the copy"
        assert set(session.scalars(select(Match.lot_id))) == {agreed.lot_id, other}
    assert broken(agreed.ledger) == {}


def test_that_nothing_more_comes_is_for_the_buyer_to_say_once_the_last_day_is_over(agreed: Deal) -> None:
    last_day_over(agreed, days=0)
    first = str(today() + timedelta(days=1))
    with pytest.raises(Invalid) as refused:
        weigh(agreed, ticket(100, final=True))
    assert [fault.path for fault in refused.value.faults] == ["final"]
    assert first in refused.value.faults[0].remedy
    weigh(agreed, ticket(100))
    with pytest.raises(Conflict, match=f"closes from {first} on"):
        end(agreed, agreed.buyer)
    last_day_over(agreed)
    assert end(agreed, agreed.buyer) == "short"


def test_what_came_on_the_last_day_is_recorded_in_the_days_of_grace_where_no_ticket_stands(
    agreed: Deal,
) -> None:
    signed(agreed, 9)
    last_day_over(agreed, days=2)
    with pytest.raises(Conflict, match=f"closes from {today() + timedelta(days=1)} on"):
        end(agreed, agreed.buyer)
    evening = datetime.combine(today() - timedelta(days=2), time(20), VIETNAM)
    assert weigh(agreed, ticket(delivered_at=evening), agreed.seller).fulfilment == "fulfilled"
    withdraw(agreed, 1, agreed.seller)
    last_day_over(agreed, days=3)
    assert end(agreed, agreed.buyer) == "breached"


def test_a_last_ticket_of_the_buyer_that_fulfils_is_no_end_before_its_time(agreed: Deal) -> None:
    assert weigh(agreed, ticket(570, final=True)).fulfilment == "fulfilled"


def test_a_shortfall_of_goods_that_were_put_off_is_wanted_as_long_as_they_were(agreed: Deal) -> None:
    later = agreed.read(Demand, agreed.demand_id).deliver_until + timedelta(days=2)
    agreed.accept_amendment(agreed.seller, agreed.propose(agreed.buyer, delivery_day=later))
    weigh(agreed, ticket(100, final=True), agreed.seller)
    new = reoffered(agreed, Demand, agreed.demand_id)
    assert new is not None
    assert new.deliver_until == later


def test_a_shortfall_can_be_taken_later_than_first_wanted_if_the_buyer_says_so(agreed: Deal) -> None:
    until = today() + timedelta(days=9)
    last_day_over(agreed, days=3)
    for refused_day, why in ((today() - timedelta(days=1), "has passed"), (date(2199, 1, 1), "days long")):
        with pytest.raises(Invalid, match=why):
            end(agreed, agreed.buyer, deliver_until=refused_day)
    end(agreed, agreed.buyer, deliver_until=until)
    new = reoffered(agreed, Demand, agreed.demand_id)
    assert new is not None
    assert new.deliver_until == new.expires_on == until
    said = last_step(agreed)["data"]
    assert (said["deliver_until"], said["reoffer"], said["demand"]) == (until.isoformat(), True, str(new.id))


def last_step(deal: Deal) -> dict[str, Any]:
    with deal.ledger.transaction() as session:
        return steps_of(session, session.get_one(Contract, deal.id))[-1].statement


@pytest.mark.parametrize("said", [{"deliver_until": "2026-01-01"}, {"reoffer": False}])
def test_what_becomes_of_the_shortfall_is_not_for_the_seller_to_say(
    agreed: Deal, said: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match="the buyer's to say"):
        end(agreed, agreed.seller, **said)
    assert end(agreed, agreed.seller, reoffer=True) == "breached"


LEFT_OVER = {"rejected_kg": 90, "rejection_reason": "Quá số lượng", "surplus_kg": "80.5"}


def test_a_surplus_that_the_seller_weighed_is_its_new_lot_where_it_was_brought(agreed: Deal) -> None:
    weigh(agreed, ticket(690, **LEFT_OVER), agreed.seller)
    new, demand = reoffered(agreed, Lot, agreed.lot_id), agreed.read(Demand, agreed.demand_id)
    assert new is not None
    assert (new.quantity_g, new.place_name, new.ask) == (80_500, demand.place_name, 20_000)
    assert (new.grade, new.expires_on >= today()) == ("grade_1", True)
    assert broken(agreed.ledger) == {}


def test_a_surplus_on_the_buyers_ticket_is_offered_once_the_seller_confirms_it(agreed: Deal) -> None:
    graded = {"grades": [{"grade": "grade_2", "net_kg": 690}]}
    weigh(agreed, ticket(690, **LEFT_OVER, **graded))
    said = last_step(agreed)["data"]
    assert (said["grades"], said["surplus_kg"], said["final"]) == (
        [{"grade": "grade_2", "net_kg": "690"}], "80.5", False,
    )  # fmt: skip
    assert reoffered(agreed, Lot, agreed.lot_id) is None
    assert str(confirm(agreed, agreed.seller).deliveries[0].surplus_kg) == "80.5"
    new = reoffered(agreed, Lot, agreed.lot_id)
    assert new is not None
    assert (new.quantity_g, new.party_id, new.grade) == (80_500, agreed.seller.id, "grade_2")
    assert last_step(agreed)["data"]["surplus_lot"] == str(new.id)


SECOND = {"rejected_kg": 300, "rejection_reason": "Sai phẩm cấp", "surplus_kg": 300}
GRADED = [{"grade": "grade_1", "net_kg": 50}, {"grade": "grade_2", "net_kg": 300}]


@pytest.mark.parametrize("grades", [[], [{"grade": "grade_1", "net_kg": 350}]])
def test_what_is_rejected_while_more_is_wanted_is_no_surplus_of_the_same_grade(
    agreed: Deal, grades: list[dict[str, Any]]
) -> None:
    for side in (agreed.seller, agreed.buyer):
        with pytest.raises(Invalid, match="still wants goods of this grade"):
            weigh(agreed, ticket(350, **SECOND, grades=grades), side)
    assert reoffered(agreed, Lot, agreed.lot_id) is None


def test_a_surplus_of_two_other_grades_is_told_to_name_exactly_one(agreed: Deal) -> None:
    two = [{"grade": "grade_2", "net_kg": 50}, {"grade": "grade_3", "net_kg": 300}]
    with pytest.raises(Invalid) as refused:
        weigh(agreed, ticket(350, **SECOND, grades=two))
    (fault,) = refused.value.faults
    assert fault.message.endswith("grades names 2 others")
    assert fault.remedy.startswith("Name exactly one other grade in grades")


@pytest.mark.parametrize("closed_first", [False, True])
def test_a_surplus_is_not_proposed_to_the_demand_whose_buyer_rejected_it_nor_to_its_shortfall(
    agreed: Deal, closed_first: bool
) -> None:
    with agreed.ledger.transaction() as session:
        withdraw_order(session, Lot, agreed.lot_id, agreed.seller)
    weigh(agreed, ticket(350, **SECOND, grades=GRADED))
    if closed_first:
        end(agreed)
    confirm(agreed, agreed.seller)
    if not closed_first:
        end(agreed)
    new, short = reoffered(agreed, Lot, agreed.lot_id), reoffered(agreed, Demand, agreed.demand_id)
    assert new is not None
    assert short is not None
    assert (new.grade, new.state, short.state) == ("grade_2", "open", "open")
    agreed.clear()
    assert agreed.count(Contract) == 1
    with agreed.ledger.transaction() as session:
        demand(session, party(session, "buyer"), agreed.knowledge, quantity_kg=300)
    agreed.clear()
    assert agreed.count(Contract) == 2, "others are proposed what is left over"
    assert broken(agreed.ledger) == {}


def test_a_surplus_that_is_no_longer_fresh_is_not_offered(agreed: Deal) -> None:
    weigh(agreed, ticket(690, **LEFT_OVER))
    with agreed.ledger.transaction() as session:
        contract = session.get_one(Contract, agreed.id)
        long_ago = {"pick_day": (today() - timedelta(days=60)).isoformat()}
        contract.terms = contract.terms | long_ago
    assert confirm(agreed, agreed.seller).deliveries[0].standing == "relied_on"
    assert reoffered(agreed, Lot, agreed.lot_id) is None
    with pytest.raises(Invalid, match="were fresh until"):
        weigh(agreed, ticket(100, ticket_number="PC-18", **LEFT_OVER), agreed.seller)


def test_what_came_in_part_is_closed_by_itself_after_the_day_of_delivery(agreed: Deal) -> None:
    weigh(agreed, ticket(400))
    for days, closed in ((2, 0), (3, 1), (3, 0)):
        with agreed.ledger.transaction() as session:
            contract = session.get_one(Contract, agreed.id)
            last = (today() - timedelta(days=days)).isoformat()
            contract.terms = contract.terms | {"delivery_day": day(-9), "deliver_until": last}
        with agreed.ledger.transaction() as session:
            assert close_overdue(session) == closed
    assert agreed.read(Contract, agreed.id).fulfilment == "short"


def closed_by_itself(deal: Deal, wanted_days: int, terms: dict[str, Any]) -> Demand | None:
    """What is wanted anew of 600 kg, of which 400 came, when the contract's last day was three days ago.

    The demand's own is so many days from now; `terms` differ from the contract's, or lack what is None.
    """
    weigh(deal, ticket(400))
    last_day_over(deal, days=3)
    with deal.ledger.transaction() as session:
        wanted = session.get_one(Demand, deal.demand_id)
        wanted.deliver_from = today() - timedelta(days=9)
        wanted.deliver_until = today() + timedelta(days=wanted_days)
        contract = session.get_one(Contract, deal.id)
        contract.terms = {name: said for name, said in (contract.terms | terms).items() if said is not None}
    with deal.ledger.transaction() as session:
        assert close_overdue(session) == 1
    return reoffered(deal, Demand, deal.demand_id)


@pytest.mark.parametrize("terms", [{}, {"deliver_until": None}], ids=["put off since", "without a last day"])
def test_what_is_short_when_it_closes_by_itself_is_wanted_anew_as_long_as_the_demand_says(
    agreed: Deal, terms: dict[str, Any]
) -> None:
    short = closed_by_itself(agreed, 4, terms)
    assert short is not None
    assert (short.quantity_g, short.deliver_until) == (200_000, today() + timedelta(days=4))
    assert last_step(agreed)["data"]["demand"] == str(short.id)
    with agreed.ledger.transaction() as session:
        posted = (OrderNews.order_id == short.id) & (OrderNews.what == "posted")
        assert not session.scalars(select(OrderNews).where(posted)).one().by_owner, "the buyer hears of it"


def test_what_is_short_when_it_closes_by_itself_is_not_wanted_once_the_demands_days_are_over(
    agreed: Deal,
) -> None:
    assert closed_by_itself(agreed, -1, {}) is None
    closed = last_step(agreed)
    assert (closed["by"], closed["data"]["short_kg"], closed["data"]["demand"]) == ("deadline", "200", None)


def test_what_an_operator_has_opened_again_is_not_closed_before_it_can_be_put_right(agreed: Deal) -> None:
    weigh(agreed, ticket(100))
    weigh(agreed, ticket(5, ticket_number="PC-18", final=True), agreed.seller)
    assert withdraw(agreed, 2, agreed.operator).fulfilment == "partly_delivered"
    with agreed.ledger.transaction() as session:
        contract = session.get_one(Contract, agreed.id)
        long_ago = (today() - timedelta(days=9)).isoformat()
        contract.terms = contract.terms | {"delivery_day": long_ago, "deliver_until": long_ago}
    for withdrawn_days_ago, closed in ((1, 0), (3, 1)):
        with agreed.ledger.transaction() as session:
            at = now() - timedelta(days=withdrawn_days_ago)
            session.execute(update(GoodsDelivery).where(GoodsDelivery.position == 2).values(withdrawn_at=at))
        with agreed.ledger.transaction() as session:
            assert close_overdue(session) == closed


def test_delivered_goods_are_neither_cancelled_nor_amended(agreed: Deal) -> None:
    weigh(agreed, ticket(100))
    with pytest.raises(Conflict, match="close, withdraw_delivery"):
        agreed.cancel(agreed.operator)
    with pytest.raises(Conflict):
        agreed.propose(agreed.seller, price=30_000)


@pytest.mark.parametrize("overtaken_by", ["delivery", "closing"])
def test_what_was_proposed_and_not_answered_lapses_once_goods_come_or_no_more_come(
    agreed: Deal, overtaken_by: str
) -> None:
    proposed = agreed.propose(agreed.buyer, price=21_000)
    if overtaken_by == "delivery":
        weigh(agreed, ticket(100))
    else:
        end(agreed)
    assert agreed.read(Amendment, proposed).state == "lapsed"
    assert agreed.kinds().count("contract.amendment_lapsed") == 1
    assert last_step(agreed)["data"] == {"amendment": str(proposed)}
    with pytest.raises(Conflict):
        agreed.accept_amendment(agreed.seller, proposed)


def test_an_operator_cancels_once_no_weigh_ticket_stands(agreed: Deal) -> None:
    weigh(agreed, ticket(100))
    withdraw(agreed, 1, agreed.operator)
    assert agreed.cancel(agreed.operator) == "cancelled"
    assert agreed.read(Lot, agreed.lot_id).taken_g == 0
    assert broken(agreed.ledger) == {}


def test_an_operator_closes_what_came_in_part_and_the_rest_is_back_on_the_market(agreed: Deal) -> None:
    weigh(agreed, ticket(100))
    with agreed.ledger.transaction() as session:
        said = Closing(reason="Đường sạt lở")
        assert close(session, agreed.id, agreed.operator, said).fulfilment == "short"
    short = reoffered(agreed, Demand, agreed.demand_id)
    assert short is not None
    assert short.quantity_g == 500_000
    with pytest.raises(Conflict):
        withdraw(agreed, 1, agreed.buyer)
    assert broken(agreed.ledger) == {}


def pay(deal: Deal, amount: int, reference: str, days_ago: int = 0) -> FulfilmentView:
    post = PaymentPost(amount=amount, paid_on=today() - timedelta(days=days_ago), reference=reference)
    with deal.ledger.transaction() as session:
        return fulfilment_view(record_payment(session, deal.id, deal.buyer, post))


def test_payments_add_up_and_each_is_recorded_once(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    assert pay(agreed, due - 1, "FT1").payment == "partly_paid"
    with pytest.raises(Invalid, match="recorded already"):
        pay(agreed, due, "FT1")
    for same in ("ft1", "FT 1", "Ft1 "):
        with pytest.raises(Invalid, match="recorded already"):
            pay(agreed, 1, same)
    assert pay(agreed, 1, "FT2").payment == "paid"
    tomorrow = PaymentPost(amount=1, paid_on=today() + timedelta(days=1), reference="FT3")
    with pytest.raises(Invalid, match="has not come yet"), agreed.ledger.transaction() as session:
        record_payment(session, agreed.id, agreed.buyer, tomorrow)


def test_a_payment_was_made_on_the_day_of_the_agreement_or_later(agreed: Deal) -> None:
    signed(agreed, 5)
    for days_ago in (6, 4000):
        with pytest.raises(Invalid) as refused:
            pay(agreed, 1, "FT1", days_ago)
        assert str(today() - timedelta(days=5)) in refused.value.faults[0].remedy
    assert pay(agreed, 1, "FT1", 5).paid == 1


def test_no_more_is_paid_than_the_contract_before_and_what_came_after(agreed: Deal) -> None:
    whole = agreed.read(Contract, agreed.id).terms["amount"]
    with pytest.raises(Invalid, match=f"more than the {whole} đồng still to be paid"):
        pay(agreed, whole + 1, "FT1")
    assert pay(agreed, whole - 10, "FT1").payable == whole
    weigh(agreed, ticket(300))
    with pytest.raises(Invalid, match="more than the 10 đồng"):
        pay(agreed, 11, "FT2")
    seen = weigh(agreed, ticket(300, ticket_number="PC-18"))
    assert seen.payable == seen.due == whole
    assert pay(agreed, 10, "FT2").payment == "paid"
    with pytest.raises(Invalid, match="nothing more is to be paid"):
        pay(agreed, 1, "FT3")


def test_what_was_paid_in_advance_for_goods_that_did_not_come_is_seen_to_be_overpaid(agreed: Deal) -> None:
    whole = agreed.read(Contract, agreed.id).terms["amount"]
    assert pay(agreed, whole, "FT1").overpaid == 0
    seen = weigh(agreed, ticket(100, final=True), agreed.seller)
    assert (seen.payment, seen.overpaid) == ("paid", whole - seen.due)


def test_nothing_is_paid_for_goods_that_never_came(agreed: Deal) -> None:
    end(agreed)
    with pytest.raises(Invalid, match="nothing more is to be paid"):
        pay(agreed, 1, "FT1")


def test_a_payment_of_the_buyer_is_the_sellers_to_confirm(agreed: Deal) -> None:
    paid = pay(agreed, 1, "FT1").payments[0]
    assert paid.standing == "waiting"
    with pytest.raises(Forbidden, match="the other side"), agreed.ledger.transaction() as session:
        confirm_payment(session, agreed.id, paid.id, agreed.buyer)
    with agreed.ledger.transaction() as session:
        contract = confirm_payment(session, agreed.id, paid.id, agreed.seller)
        assert fulfilment_view(contract).payments[0].standing == "relied_on"
    with agreed.ledger.transaction() as session:
        said = PaymentPost(amount=1, paid_on=today(), reference="FT2")
        contract = record_payment(session, agreed.id, agreed.seller, said)
        assert fulfilment_view(contract).payments[1].standing == "relied_on", "to its own cost"


def test_a_payment_recorded_by_mistake_is_withdrawn_and_its_reference_is_free_again(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    mistaken = pay(agreed, due // 10, "FT1").payments[0].id
    for by, refused in ((agreed.seller, Forbidden), (agreed.buyer, None), (agreed.buyer, Conflict)):
        with pytest.raises(refused) if refused else nullcontext(), agreed.ledger.transaction() as session:
            contract = withdraw_payment(session, agreed.id, mistaken, by, Reason(reason="Thiếu một số 0"))
            assert fulfilment_view(contract).payment == "unpaid"
    assert pay(agreed, due, "FT1").payment == "paid"
    with pytest.raises(NotFound), agreed.ledger.transaction() as session:
        withdraw_payment(session, agreed.id, agreed.id, agreed.buyer, Reason(reason="Không có"))


@given(due=st.integers(0, 10**12), paid=st.integers(0, 10**12))
def test_what_is_paid_is_told_by_what_is_due(due: int, paid: int) -> None:
    state = payment_state(due, paid)
    assert (state == "paid") == (paid >= due > 0)
    assert (state == "nothing_due") == (due == 0)
    assert (state == "unpaid") == (paid == 0 < due)


def dispute(deal: Deal, by: Party, what: Callable[..., Contract] = open_dispute) -> Contract:
    with deal.ledger.transaction() as session:
        contract = what(session, deal.id, by, Reason(reason="Sai phẩm cấp"))
        assert contract.disputes
        return contract


def test_each_side_may_have_one_dispute_open_and_an_operator_closes_both(agreed: Deal) -> None:
    dispute(agreed, agreed.buyer)
    with pytest.raises(Conflict):
        dispute(agreed, agreed.buyer)
    with pytest.raises(Conflict):
        dispute(agreed, agreed.seller, close_dispute)
    dispute(agreed, agreed.seller)
    assert [bool(each.closed_at) for each in dispute(agreed, agreed.seller, close_dispute).disputes] == [
        False, True,
    ]  # fmt: skip
    dispute(agreed, agreed.seller)
    closed = dispute(agreed, agreed.operator, close_dispute).disputes
    assert [(each.side, each.closed_by) for each in closed] == [
        ("buyer", "operator"), ("seller", "seller"), ("seller", "operator"),
    ]  # fmt: skip


def test_a_dispute_is_open_until_its_side_or_an_operator_closes_it(agreed: Deal) -> None:
    for closer in (agreed.buyer, agreed.operator):
        dispute(agreed, agreed.buyer)
        with pytest.raises(Conflict), agreed.ledger.transaction() as session:
            close_dispute(session, agreed.id, agreed.seller, Reason(reason="Không đúng"))
        with agreed.ledger.transaction() as session:
            contract = close_dispute(session, agreed.id, closer, Reason(reason="Bồi thường 5 %"))
            assert "open_dispute" in moves(contract, agreed.seller)
    with agreed.ledger.transaction() as session:
        told = fulfilment_view(session.get_one(Contract, agreed.id)).disputes
    assert [(each.closed_by, each.outcome) for each in told] == [
        ("buyer", "Bồi thường 5 %"),
        ("operator", "Bồi thường 5 %"),
    ]


def test_a_photograph_is_kept_with_its_ticket_and_its_hash_in_the_record(agreed: Deal) -> None:
    weigh(agreed, ticket(600))
    with agreed.ledger.transaction() as session:
        attached = attach(session, agreed.id, 1, agreed.seller, "Phiếu cân.jpg", PHOTOGRAPH)
    with agreed.ledger.transaction() as session:
        file = get_attachment(session, agreed.id, 1, attached.id, agreed.buyer)
        assert (file.content, file.media_type) == (PHOTOGRAPH, "image/jpeg")
        last = steps_of(session, session.get_one(Contract, agreed.id))[-1].statement
    assert last["data"]["sha256"] == attached.sha256


def test_only_photographs_and_pdfs_of_the_two_sides_are_kept(agreed: Deal) -> None:
    weigh(agreed, ticket(600))
    with agreed.ledger.transaction() as session:
        stranger = party(session, "buyer")
    for whose, content, error in (
        (agreed.seller, b"<script>", Invalid),
        (agreed.operator, PHOTOGRAPH, Forbidden),
        (stranger, PHOTOGRAPH, NotFound),
    ):
        with pytest.raises(error), agreed.ledger.transaction() as session:
            attach(session, agreed.id, 1, whose, "a.jpg", content)
    assert agreed.count(Attachment) == 0


def test_a_withdrawn_ticket_takes_no_more_files(agreed: Deal) -> None:
    weigh(agreed, ticket(600))
    withdraw(agreed, 1, agreed.buyer)
    with pytest.raises(Conflict, match="is withdrawn"), agreed.ledger.transaction() as session:
        attach(session, agreed.id, 1, agreed.seller, "a.jpg", PHOTOGRAPH)


def test_a_payment_of_a_cancelled_contract_is_still_withdrawn(agreed: Deal) -> None:
    paid = pay(agreed, 1, "FT1").payments[0].id
    agreed.cancel(agreed.operator)
    with agreed.ledger.transaction() as session:
        said = Reason(reason="Đã trả lại")
        contract = withdraw_payment(session, agreed.id, paid, agreed.buyer, said)
        assert fulfilment_view(contract).paid == 0
        assert [moves(contract, each) for each in (agreed.buyer, agreed.operator)] == [[], []]


def of_recorded(deal: Deal, by: Party) -> list[str]:
    """Its moves with what is recorded, and recording a payment."""
    with deal.ledger.transaction() as session:
        allowed = moves(session.get_one(Contract, deal.id), by)
    others = ("record_delivery", "cancel", "amend", "close", "open_dispute", "close_dispute")
    return [move for move in allowed if move not in others]


def test_payments_are_confirmed_and_withdrawn_only_where_there_are_some(agreed: Deal) -> None:
    both = (agreed.seller, agreed.buyer, agreed.operator)
    assert [of_recorded(agreed, by) for by in both] == [["record_payment"], ["record_payment"], []]
    paid = pay(agreed, 1, "FT1").payments[0].id
    assert [of_recorded(agreed, by) for by in both] == [
        ["record_payment", "confirm_payment"], ["record_payment", "withdraw_payment"], ["withdraw_payment"],
    ]  # fmt: skip
    with agreed.ledger.transaction() as session:
        confirm_payment(session, agreed.id, paid, agreed.seller)
    assert [of_recorded(agreed, by) for by in both] == [
        ["record_payment"], ["record_payment"], ["withdraw_payment"],
    ]  # fmt: skip


def test_what_one_side_recorded_is_its_own_to_withdraw_and_the_others_to_confirm(agreed: Deal) -> None:
    both = (agreed.seller, agreed.buyer, agreed.operator)
    weigh(agreed, ticket(300), agreed.seller)
    assert [of_recorded(agreed, by) for by in both] == [
        ["record_payment", "withdraw_delivery"], ["record_payment", "confirm_delivery"],
        ["withdraw_delivery"],
    ]  # fmt: skip
    recorded_long_ago(agreed)
    assert of_recorded(agreed, agreed.seller) == ["record_payment"]
    confirm(agreed, agreed.buyer)
    assert of_recorded(agreed, agreed.buyer) == ["record_payment"]


def test_a_breached_contract_offers_nothing_that_can_not_be_done(agreed: Deal) -> None:
    end(agreed)
    both = (agreed.seller, agreed.buyer, agreed.operator)
    assert [of_recorded(agreed, by) for by in both] == [[], [], ["withdraw_closing"]]


def test_another_sides_payment_of_a_cancelled_contract_is_not_offered_to_withdraw(agreed: Deal) -> None:
    pay(agreed, 1, "FT1")
    agreed.cancel(agreed.operator)
    assert [of_recorded(agreed, by) for by in (agreed.seller, agreed.buyer, agreed.operator)] == [
        [], ["withdraw_payment"], ["withdraw_payment"],
    ]  # fmt: skip


def test_the_record_tells_the_whole_way_of_the_goods(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    pay(agreed, due, "FT1")
    with agreed.ledger.transaction() as session:
        steps = steps_of(session, session.get_one(Contract, agreed.id))
    assert [step.statement["kind"] for step in steps][-2:] == ["delivered", "paid"]
    assert all(step.hash == digest(step.statement) for step in steps)
    assert steps[-2].statement["data"]["gross_kg"] == "650"


def test_the_least_that_fulfils_is_rounded_up_to_the_gram(agreed: Deal) -> None:
    contract = agreed.read(Contract, agreed.id)
    contract.quantity_g = 333_333
    assert least_grams(contract) == 316_667

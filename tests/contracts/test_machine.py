"""Whatever sides, operators and deadlines do, in any order: only what `moves` allows succeeds.

What is tried is drawn at random, allowed or not; what is reached is compared with the life the docs draw.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, update

from config.settings import Settings
from matcher.clock import now, today
from matcher.contracts.accounts import PaymentPost, close_dispute, open_dispute, record_payment
from matcher.contracts.amendments import decline_amendment, lapse_amendments, withdraw_amendment
from matcher.contracts.closing import Closing, close
from matcher.contracts.confirmed import confirm_delivery, confirm_payment
from matcher.contracts.fulfilment import record_delivery
from matcher.contracts.life import Reason, lapse
from matcher.contracts.mistakes import withdraw_closing, withdraw_delivery, withdraw_payment
from matcher.contracts.moves import moves, open_amendment, side_of
from matcher.contracts.owed import Recording
from matcher.contracts.relied import relied_on_by_other
from matcher.contracts.steps import digest, steps_of
from matcher.contracts.tickets import DeliveryPost
from matcher.errors import Conflict, Forbidden, Invalid, NotFound
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Amendment, Contract, Demand, GoodsDelivery, Lot, Party, Payment
from tests.contracts.deal import Deal
from tests.trading.invariants import broken

WHY = Reason(reason="Thử")
NEXT = {
    "draft": {"sent", "accepted_by_seller", "accepted_by_buyer", "agreed", "declined", "lapsed", "cancelled"},
    "accepted_by_seller": {"agreed", "declined", "lapsed", "cancelled"},
    "accepted_by_buyer": {"agreed", "declined", "lapsed", "cancelled"},
    "agreed": {"cancelled"},
    "declined": set(),
    "lapsed": set(),
    "cancelled": set(),
}


def amendment(deal: Deal, answer: Callable[..., Contract], by: Party) -> None:
    with deal.ledger.transaction() as session:
        proposed = open_amendment(session.get_one(Contract, deal.id))
        answer(session, deal.id, proposed.id if proposed else deal.id, by, WHY)


def accept_amendment(deal: Deal, by: Party) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        proposed = open_amendment(contract) or next(iter(contract.amendments), None)
        identity = proposed.id if proposed else None
    if identity is None:
        raise Conflict("there is none")
    deal.accept_amendment(by, identity)


def weigh(deal: Deal, by: Party) -> None:
    said = {
        "ticket_number": f"PC-{deal.count(GoodsDelivery)}",
        "delivered_at": now(),
        "gross_kg": 310,
        "tare_kg": 10,
    }
    with deal.ledger.transaction() as session:
        record_delivery(session, deal.id, by, DeliveryPost.model_validate(said), deal.knowledge)


def withdraw_ticket(deal: Deal, by: Party) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        chosen = to_withdraw(contract, contract.deliveries, by)
        withdraw_delivery(session, deal.id, chosen.position if chosen else 1, by, WHY)


def withdraw_money(deal: Deal, by: Party) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        chosen = to_withdraw(contract, contract.payments, by)
        withdraw_payment(session, deal.id, chosen.id if chosen else deal.id, by, WHY)


def confirm_ticket(deal: Deal, by: Party) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        chosen = to_confirm(contract, contract.deliveries, by)
        confirm_delivery(session, deal.id, chosen.position if chosen else 1, by)


def confirm_money(deal: Deal, by: Party) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        chosen = to_confirm(contract, contract.payments, by)
        confirm_payment(session, deal.id, chosen.id if chosen else deal.id, by)


def to_withdraw(contract: Contract, recorded: Sequence[Recording], by: Party) -> Recording | None:
    """One that it may withdraw; where there is none, any."""
    for each in recorded:
        own = each.side == side_of(contract, by) and not relied_on_by_other(each, contract)
        if each.withdrawn_at is None and (own or by.kind == "operator"):
            return each
    return recorded[0] if recorded else None


def to_confirm(contract: Contract, recorded: Sequence[Recording], by: Party) -> Recording | None:
    """One that it may confirm; where there is none, any."""
    for each in recorded:
        waiting = each.withdrawn_at is None and each.confirmed_at is None
        if waiting and each.side != side_of(contract, by):
            return each
    return recorded[0] if recorded else None


def pay(deal: Deal, by: Party) -> None:
    """A third of what both agreed on at first, so that a few are all."""
    post = PaymentPost(amount=6_000_000, paid_on=today(), reference=f"FT{deal.count(Payment)}")
    with deal.ledger.transaction() as session:
        record_payment(session, deal.id, by, post)


def in_transaction(doing: Callable[..., object], *given_too: object) -> Callable[[Deal, Party], None]:
    def act(deal: Deal, by: Party) -> None:
        with deal.ledger.transaction() as session:
            doing(session, deal.id, by, *given_too)

    return act


MOVES: dict[str, Callable[[Deal, Party], object]] = {
    "accept": lambda deal, by: deal.accept(by),
    "decline": lambda deal, by: deal.decline(by),
    "cancel": lambda deal, by: deal.cancel(by),
    "amend": lambda deal, by: deal.propose(by, price=21_000 + deal.count(Amendment), quantity_kg=500),
    "accept_amendment": accept_amendment,
    "decline_amendment": lambda deal, by: amendment(deal, decline_amendment, by),
    "withdraw_amendment": lambda deal, by: amendment(deal, withdraw_amendment, by),
    "record_delivery": weigh,
    "confirm_delivery": confirm_ticket,
    "withdraw_delivery": withdraw_ticket,
    "record_payment": pay,
    "confirm_payment": confirm_money,
    "withdraw_payment": withdraw_money,
    "close": in_transaction(close, Closing(reason="Thử")),
    "withdraw_closing": in_transaction(withdraw_closing, WHY),
    "open_dispute": in_transaction(open_dispute, WHY),
    "close_dispute": in_transaction(close_dispute, WHY),
}


def pass_deadline(deal: Deal, table: type[Contract] | type[Amendment]) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(table).values(deadline_at=func.now() - timedelta(seconds=1)))
    with deal.ledger.transaction() as session:
        lapse(session)
        lapse_amendments(session)


actions = st.lists(
    st.tuples(
        st.sampled_from([*MOVES, "accept", "amend", "past contract", "past amendment"]),
        st.sampled_from(["seller", "buyer", "operator"]),
    ),
    min_size=4,
    max_size=14,
)


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tried=actions)
def test_no_illegal_state_is_ever_reached(
    ledger: Ledger, knowledge: Knowledge, settings: Settings, tried: list[tuple[str, str]]
) -> None:
    deal = Deal(ledger, knowledge, settings)
    for name, who in tried:
        before, version = deal.signature, deal.read(Contract, deal.id).version
        if name.startswith("past"):
            pass_deadline(deal, Contract if name == "past contract" else Amendment)
        else:
            try_move(deal, name, getattr(deal, who))
        after = deal.read(Contract, deal.id)
        assert after.signature == before or after.signature in NEXT[before]
        assert after.version - version in (0, 1)
        assert after.fulfilment == "unfulfilled" or after.signature == "agreed"
    assert broken(ledger) == {}
    with ledger.transaction() as session:
        steps = steps_of(session, session.get_one(Contract, deal.id))
        # What is left of this deal is not to match with the next one's.
        for orders in (Lot, Demand):
            session.execute(update(orders).where(orders.state == "open").values(state="withdrawn"))
    assert [step.statement["previous"] for step in steps] == [None, *(step.hash for step in steps[:-1])]
    assert all(step.hash == digest(step.statement) for step in steps)


def try_move(deal: Deal, name: str, by: Party) -> None:
    with deal.ledger.transaction() as session:
        allowed = name in moves(session.get_one(Contract, deal.id), by)
    try:
        MOVES[name](deal, by)
    except (Forbidden, Conflict, NotFound):
        assert not allowed, f"{name} was said to be allowed"
    except Invalid:
        too_much = ("amend", "accept_amendment", "record_delivery", "record_payment")
        assert name in too_much, "the same again, or too much"
    else:
        assert allowed, f"{name} was not allowed"

"""What was recorded by mistake: a weigh ticket, a payment or a closing is withdrawn and stays readable.

By the side that recorded it, as long as the other has not confirmed it and may still contest it, or does;
after that the other relies on it, and only an operator withdraws it. So it is with a weigh ticket once the
deliveries are closed: they are then open again, and what was short is taken back from the market or the
agreement it was called from. Where no ticket stands, it is the closing itself that an operator withdraws.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from matcher.book.orders import books_changed
from matcher.clock import now
from matcher.contracts.accounts import payment_at
from matcher.contracts.called import take_again
from matcher.contracts.declined import locked_pair
from matcher.contracts.fulfilment import delivery_at, fulfilment_now
from matcher.contracts.life import Reason, held, locked, moved, require_move
from matcher.contracts.moves import CLOSED, Move, illegal, side_of
from matcher.contracts.relied import relied_on_by_other
from matcher.contracts.reoffer import reoffered, take_back
from matcher.errors import Forbidden
from matcher.fields import kilograms_text
from matcher.store.tables import Contract, GoodsDelivery, Match, Party, Payment


def withdraw_delivery(
    session: Session, contract_id: UUID, position: int, party: Party, said: Reason
) -> Contract:
    """Counts the weigh ticket no more. Raises NotFound, Forbidden, Conflict."""
    contract = held(session, contract_id, party)
    delivery = delivery_at(session, contract, position)
    by = _withdraw(session, contract, delivery, party, "withdraw_delivery", said)
    facts = {"position": position, "ticket_number": delivery.ticket_number, **_count_anew(session, contract)}
    moved(session, contract, "contract.delivery_withdrawn", by, party.name, reason=said.reason, **facts)
    return contract


def withdraw_closing(session: Session, contract_id: UUID, party: Party, said: Reason) -> Contract:
    """Has the deliveries open again that were closed by mistake; for operators. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "withdraw_closing")
    facts = _count_anew(session, contract)
    moved(
        session, contract, "contract.closing_withdrawn", "operator", party.name, reason=said.reason, **facts
    )
    return contract


def withdraw_payment(
    session: Session, contract_id: UUID, payment_id: UUID, party: Party, said: Reason
) -> Contract:
    """Counts the payment no more. Raises NotFound, Forbidden, Conflict."""
    contract = held(session, contract_id, party)
    payment = payment_at(session, contract, payment_id)
    by = _withdraw(session, contract, payment, party, "withdraw_payment", said)
    facts = {"reference": payment.reference, "amount": payment.amount}
    moved(session, contract, "contract.payment_withdrawn", by, party.name, reason=said.reason, **facts)
    return contract


def _withdraw(  # what, of which contract, by whom, and why
    session: Session,
    contract: Contract,
    recorded: GoodsDelivery | Payment,
    party: Party,
    move: Move,
    said: Reason,
) -> str:
    """Who withdraws it: its side, or an operator."""
    by = "operator" if party.kind == "operator" else side_of(contract, party)
    if by not in ("operator", recorded.side):
        raise Forbidden(
            f"The {recorded.side} recorded it; only the {recorded.side} or an operator withdraws it."
        )
    if recorded.withdrawn_at is not None:
        raise illegal(contract, party, "It is withdrawn already")
    if by != "operator" and relied_on_by_other(recorded, contract):
        raise Forbidden("The other side relies on it by now; only an operator withdraws it.")
    require_move(contract, party, move)
    recorded.withdrawn_at, recorded.withdrawn_by, recorded.withdrawal_reason = now(), by, said.reason
    session.flush()
    return by


def _count_anew(session: Session, contract: Contract) -> dict[str, Any]:
    """Has the contract be what its tickets that stand make of it, open again; returns what changed."""
    taken_back: dict[UUID, int] = {}
    closed = contract.fulfilment in CLOSED
    if closed:
        pair = locked_pair(session, session.get_one(Match, contract.match_id))
        taken_back = take_back(session, reoffered(session, contract))
        if contract.fulfilment == "breached":
            books_changed(session, pair)  # they may be proposed to each other again
    contract.fulfilment = fulfilment_now(contract)
    session.flush()
    take_again(session, contract)
    facts: dict[str, Any] = {
        "fulfilment": contract.fulfilment,
        "taken_back": {str(demand_id): kilograms_text(grams) for demand_id, grams in taken_back.items()},
    }
    if closed:
        facts["open_again"] = True
    if taken_back:
        facts["taken_back_kg"] = kilograms_text(sum(taken_back.values()))
    return facts

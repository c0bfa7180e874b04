"""Payments and disputes: what both sides say of the money and of each other, written down with its moment."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.book.checks import Faults
from matcher.clock import now, today
from matcher.contracts.life import Reason, agreed_on, held, locked, moved, require_move
from matcher.contracts.moves import side_of
from matcher.contracts.owed import paid_by, payable, that_stand
from matcher.errors import NotFound
from matcher.fields import Day, PaperNumber
from matcher.store.tables import Contract, Dispute, Party, Payment
from matcher.text import as_number

PaymentState = Literal["nothing_due", "unpaid", "partly_paid", "paid"]


class PaymentPost(BaseModel):
    """Money that went from buyer to seller, in whole đồng, and the bank's reference."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(strict=True, gt=0, le=10**13)]
    paid_on: Day
    reference: PaperNumber


def record_payment(session: Session, contract_id: UUID, party: Party, post: PaymentPost) -> Contract:
    """Writes a payment down, from either side. Raises NotFound, Conflict, Invalid."""
    contract = held(session, contract_id, party)
    faults = Faults()
    _check_day(faults, contract, post.paid_on)
    standing = that_stand(contract.payments)
    if as_number(post.reference) in {as_number(each.reference) for each in standing}:
        faults.add("reference", "is recorded already", "Record each payment once.")
    _check_amount(faults, payable(contract) - paid_by(standing), post.amount)
    faults.raise_any()
    require_move(contract, party, "record_payment")
    side = side_of(contract, party)
    contract.payments.append(Payment(side=side, recorded_at=now(), **post.model_dump()))
    facts = post.model_dump(mode="json")
    moved(session, contract, "contract.paid", side, party.name, reason=post.reference, **facts)
    return contract


def payment_at(session: Session, contract: Contract, payment_id: UUID) -> Payment:
    """The contract's payment of this id. Raises NotFound."""
    payment = session.get(Payment, payment_id)
    if payment is None or payment.contract_id != contract.id:
        raise NotFound(f"Contract {contract.number} has no payment {payment_id}.")
    return payment


def payment_state(due: int, paid: int) -> PaymentState:
    """Of what is due; money paid in advance makes nothing due."""
    if due == 0:
        return "nothing_due"
    if paid >= due:
        return "paid"
    return "partly_paid" if paid else "unpaid"


def open_dispute(session: Session, contract_id: UUID, party: Party, said: Reason) -> Contract:
    """Opens a dispute; one at a time for each side. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "open_dispute")
    side = side_of(contract, party)
    contract.disputes.append(Dispute(side=side, about=said.reason, opened_at=now()))
    moved(session, contract, "contract.dispute_opened", side, party.name, reason=said.reason)
    return contract


def close_dispute(session: Session, contract_id: UUID, party: Party, said: Reason) -> Contract:
    """Closes the party's own open dispute, or for an operator all that are. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "close_dispute")
    by = "operator" if party.kind == "operator" else side_of(contract, party)
    for dispute in contract.disputes:
        if dispute.closed_at is None and by in ("operator", dispute.side):
            dispute.closed_at, dispute.closed_by, dispute.outcome = now(), by, said.reason
    moved(session, contract, "contract.dispute_closed", by, party.name, reason=said.reason)
    return contract


def _check_day(faults: Faults, contract: Contract, paid_on: date) -> None:
    agreed = agreed_on(contract)
    if paid_on > today():
        faults.add("paid_on", "has not come yet", "Give the day on which it was paid.")
    elif paid_on < agreed:
        why = f"before the contract was agreed, on {agreed}"
        faults.add("paid_on", why, f"Give the day on which it was paid, {agreed} or later.")


def _check_amount(faults: Faults, left: int, amount: int) -> None:
    if left <= 0:
        remedy = "Record nothing; withdraw a payment that was recorded by mistake."
        faults.add("amount", "nothing more is to be paid", remedy)
    elif amount > left:
        faults.add("amount", f"more than the {left} đồng still to be paid", f"Give at most {left}.")

"""Payments and disputes: what both sides say of the money and of each other, written down with its moment."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clock import now, today
from matcher.contracts.fulfilment import accepted_grams
from matcher.contracts.life import Reason, locked, moved, side_of
from matcher.contracts.terms import amount
from matcher.errors import Fault, Invalid
from matcher.fields import Day, Text
from matcher.store.tables import Contract, Dispute, Party, Payment

PaymentState = Literal["nothing_due", "unpaid", "partly_paid", "paid"]


class PaymentPost(BaseModel):
    """Money that went from buyer to seller, in whole đồng, and the bank's reference."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(strict=True, gt=0, le=10**13)]
    paid_on: Day
    reference: Text


def record_payment(session: Session, contract_id: UUID, party: Party, post: PaymentPost) -> Contract:
    """Writes a payment down, from either side. Raises NotFound, Conflict, Invalid."""
    contract = locked(session, contract_id, party, "record_payment")
    if post.paid_on > today():
        raise Invalid(Fault("paid_on", "has not come yet", "Give the day on which it was paid."))
    own = (Payment.contract_id == contract.id) & Payment.withdrawn_at.is_(None)
    repeated = own & (Payment.reference == post.reference)
    if session.scalar(select(Payment.id).where(repeated)):
        raise Invalid(Fault("reference", "is recorded already", "Record each payment once."))
    side = side_of(contract, party)
    session.add(Payment(contract_id=contract.id, side=side, recorded_at=now(), **post.model_dump()))
    facts = post.model_dump(mode="json")
    moved(session, contract, "contract.paid", side, party.name, reason=post.reference, **facts)
    return contract


def payments_of(session: Session, contract: Contract) -> Sequence[Payment]:
    """In the order they were recorded in, also those that were withdrawn."""
    own = Payment.contract_id == contract.id
    return session.scalars(select(Payment).where(own).order_by(Payment.id)).all()


def paid_by(payments: Sequence[Payment], last: date = date.max) -> int:
    """What was paid until the end of `last`, in đồng, by the payments that stand."""
    return sum(each.amount for each in payments if each.withdrawn_at is None and each.paid_on <= last)


def due(session: Session, contract: Contract) -> int:
    """What the goods taken over so far cost at the farm gate, in đồng."""
    price = contract.terms["price"]
    return amount(accepted_grams(session, contract), price["farm_gate"])


def payment_state(due: int, paid: int) -> PaymentState:
    if due == 0 and paid == 0:
        return "nothing_due"
    if paid >= due:
        return "paid"
    return "partly_paid" if paid else "unpaid"


def open_dispute(session: Session, contract_id: UUID, party: Party, said: Reason) -> Contract:
    """Opens a dispute; one at a time. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "open_dispute")
    side = side_of(contract, party)
    session.add(Dispute(contract_id=contract.id, side=side, about=said.reason, opened_at=now()))
    contract.disputed_by = side
    moved(session, contract, "contract.dispute_opened", side, party.name, reason=said.reason)
    return contract


def close_dispute(session: Session, contract_id: UUID, party: Party, said: Reason) -> Contract:
    """Closes the open dispute, by whoever opened it or an operator. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "close_dispute")
    by = "operator" if party.kind == "operator" else side_of(contract, party)
    still_open = (Dispute.contract_id == contract.id) & Dispute.closed_at.is_(None)
    dispute = session.scalars(select(Dispute).where(still_open)).one()
    dispute.closed_at, dispute.closed_by, dispute.outcome = now(), by, said.reason
    contract.disputed_by = None
    moved(session, contract, "contract.dispute_closed", by, party.name, reason=said.reason)
    return contract


def disputes_of(session: Session, contract: Contract) -> Sequence[Dispute]:
    own = Dispute.contract_id == contract.id
    return session.scalars(select(Dispute).where(own).order_by(Dispute.id)).all()

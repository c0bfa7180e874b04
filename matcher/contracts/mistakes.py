"""What was recorded by mistake: a weigh ticket or a payment is withdrawn, not changed, and stays readable.

By the side that recorded it, or an operator. Once the deliveries are closed a weigh ticket stands: what was
short is on the market again, and what is wrong with it is for a dispute.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.contracts.accounts import payment_at
from matcher.contracts.fulfilment import delivery_at, fulfilment_now
from matcher.contracts.life import Reason, locked, moved
from matcher.contracts.moves import illegal, side_of
from matcher.errors import Forbidden
from matcher.store.tables import Contract, GoodsDelivery, Party, Payment


def withdraw_delivery(
    session: Session, contract_id: UUID, position: int, party: Party, said: Reason
) -> Contract:
    """Counts the weigh ticket no more. Raises NotFound, Forbidden, Conflict."""
    contract = locked(session, contract_id, party, "withdraw_delivery")
    delivery = delivery_at(session, contract, position)
    by = _withdraw(session, contract, delivery, party, said)
    contract.fulfilment = fulfilment_now(session, contract)
    facts = {"position": position, "ticket_number": delivery.ticket_number}
    moved(session, contract, "contract.delivery_withdrawn", by, party.name, reason=said.reason, **facts)
    return contract


def withdraw_payment(
    session: Session, contract_id: UUID, payment_id: UUID, party: Party, said: Reason
) -> Contract:
    """Counts the payment no more. Raises NotFound, Forbidden, Conflict."""
    contract = locked(session, contract_id, party, "withdraw_payment")
    payment = payment_at(session, contract, payment_id)
    by = _withdraw(session, contract, payment, party, said)
    facts = {"reference": payment.reference, "amount": payment.amount}
    moved(session, contract, "contract.payment_withdrawn", by, party.name, reason=said.reason, **facts)
    return contract


def _withdraw(
    session: Session, contract: Contract, recorded: GoodsDelivery | Payment, party: Party, said: Reason
) -> str:
    """Who withdraws it: its side, or an operator."""
    by = "operator" if party.kind == "operator" else side_of(contract, party)
    if by not in ("operator", recorded.side):
        raise Forbidden(
            f"The {recorded.side} recorded it; only the {recorded.side} or an operator withdraws it."
        )
    if recorded.withdrawn_at is not None:
        raise illegal(contract, party, "It is withdrawn already")
    recorded.withdrawn_at, recorded.withdrawn_by, recorded.withdrawal_reason = now(), by, said.reason
    session.flush()
    return by

"""What the other side recorded is confirmed: a weigh ticket or a payment that both can rely on at once."""

from uuid import UUID

from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.contracts.accounts import payment_at
from matcher.contracts.fulfilment import delivery_at
from matcher.contracts.life import held, moved, require_move
from matcher.contracts.moves import Move, Side, illegal, side_of
from matcher.contracts.reoffer import reoffer_surplus
from matcher.errors import Forbidden
from matcher.store.tables import Contract, GoodsDelivery, Party, Payment


def confirm_delivery(session: Session, contract_id: UUID, position: int, party: Party) -> Contract:
    """Confirms a weigh ticket of the other side. Raises NotFound, Forbidden for one's own, Conflict."""
    contract = held(session, contract_id, party)
    delivery = delivery_at(session, contract, position)
    by = _confirm(contract, delivery, party, "confirm_delivery")
    # What the buyer did not take over is a lot of the seller once the seller says so too.
    surplus = reoffer_surplus(session, contract, delivery) if by == "seller" else None
    facts = {
        "position": position, "ticket_number": delivery.ticket_number,
        "surplus_lot": str(surplus.id) if surplus else None,
    }  # fmt: skip
    moved(session, contract, "contract.delivery_confirmed", by, party.name, **facts)
    return contract


def confirm_payment(session: Session, contract_id: UUID, payment_id: UUID, party: Party) -> Contract:
    """Confirms a payment that the other side recorded. Raises NotFound, Forbidden for one's own, Conflict."""
    contract = held(session, contract_id, party)
    payment = payment_at(session, contract, payment_id)
    by = _confirm(contract, payment, party, "confirm_payment")
    facts = {"reference": payment.reference, "amount": payment.amount}
    moved(session, contract, "contract.payment_confirmed", by, party.name, **facts)
    return contract


def _confirm(contract: Contract, recorded: GoodsDelivery | Payment, party: Party, move: Move) -> Side:
    side = side_of(contract, party)
    if recorded.side == side and party.kind != "operator":
        raise Forbidden(f"The {side} recorded it; the other side confirms it.")
    if recorded.withdrawn_at is not None:
        raise illegal(contract, party, "It is withdrawn")
    if recorded.confirmed_at is not None:
        raise illegal(contract, party, "It is confirmed already")
    require_move(contract, party, move)
    recorded.confirmed_at = now()
    return side

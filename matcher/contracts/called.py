"""What contracts take of the frame agreement they were called from.

Whoever has a contract take more of it locks the agreement first, so that what is left is left until it has.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.contracts.amended import grams_of
from matcher.contracts.moves import CLOSED
from matcher.errors import Conflict, Fault, Invalid
from matcher.fields import kilograms_text
from matcher.store.tables import Contract, Demand, Frame, FrameCall, GoodsDelivery, Lot, Match


@dataclass(frozen=True)
class Drawn:
    """Of a frame's quantity, in grams: called by contracts that stand, and taken over at the scale."""

    quantity_g: int
    called_g: int
    accepted_g: int

    @property
    def remaining_g(self) -> int:
        return self.quantity_g - self.called_g


def drawn(session: Session, frame: Frame) -> Drawn:
    """What stands of it now.

    A contract that came to nothing has given its part back, a short or breached one what did not come of it.
    """
    took = func.coalesce(func.sum(GoodsDelivery.net_g - GoodsDelivery.rejected_g), 0)
    weighed = (GoodsDelivery.contract_id == Contract.id) & GoodsDelivery.withdrawn_at.is_(None)
    accepted = select(took).where(weighed).correlate(Contract).scalar_subquery()
    stands = (
        select(Contract.quantity_g, Contract.fulfilment, accepted)
        .join(FrameCall, FrameCall.contract_id == Contract.id)
        .join(Match, Match.id == Contract.match_id)
        .where(FrameCall.frame_id == frame.id, Match.released_at.is_(None))
    )
    called_g = accepted_g = 0
    for quantity_g, fulfilment, took_g in session.execute(stands):
        called_g += int(took_g) if fulfilment in CLOSED else quantity_g
        accepted_g += int(took_g)
    return Drawn(grams_of(frame.terms["goods"]["quantity_kg"]), called_g, accepted_g)


def agreement_of(session: Session, contract: Contract) -> Frame | None:
    """The frame agreement that the contract was called from, locked; None for one from the market."""
    own = select(Frame).join(FrameCall).where(FrameCall.contract_id == contract.id)
    return session.scalar(own.with_for_update(of=Frame).execution_options(populate_existing=True))


def require_left(session: Session, frame: Frame, contract: Contract, quantity_g: int) -> None:
    """Raises Invalid when the contract is to take more of its agreement, locked, than is left for it."""
    left_g = max(drawn(session, frame).remaining_g, 0) if frame.state == "agreed" else 0
    if quantity_g > contract.quantity_g + left_g:
        left, most = (kilograms_text(grams) for grams in (left_g, contract.quantity_g + left_g))
        what = f"{left} kg of the agreement are left beside what this contract holds"
        raise Invalid(Fault("quantity_kg", what, f"Give at most {most} kg."))


def take_again(session: Session, contract: Contract) -> None:
    """Has a call whose deliveries are open again take of its agreement what they had given back.

    Raises Conflict where that was called again since.
    """
    frame = agreement_of(session, contract)
    if frame is not None and (left_g := drawn(session, frame).remaining_g) < 0:
        over = kilograms_text(-left_g)
        raise Conflict(
            f"What did not come returned to agreement {frame.number}, and {over} kg of it were called since. "
            "Cancel a later call, or have it amended, first."
        )


def resize(match: Match, quantity_g: int) -> None:
    """Makes the lot and the demand of a call, locked, as large as its contract: they are its alone."""
    orders: list[Lot | Demand] = [match.lot, match.demand]
    for order in orders:
        order.quantity_g = order.taken_g = quantity_g
        order.min_take_g = min(order.min_take_g, quantity_g)
        order.version += 1

"""What both sides can rely on of what one of them recorded.

What a side records to its own cost counts at once: the buyer a weigh ticket, the seller a payment. What it
records to its own good counts for the track records once the other side has confirmed it, or has opened no
dispute within the hours that the contract gives for telling of faults. A dispute opened in time keeps it
from counting until that is closed.
"""

from datetime import datetime, timedelta
from typing import Literal

from matcher.clock import now
from matcher.store.tables import Contract, GoodsDelivery, Payment

Standing = Literal["relied_on", "waiting", "contested", "withdrawn"]


def standing(recorded: GoodsDelivery | Payment, contract: Contract) -> Standing:
    """How far it counts now."""
    if recorded.withdrawn_at is not None:
        return "withdrawn"
    if recorded.confirmed_at is not None or recorded.side == _at_cost_of(recorded):
        return "relied_on"
    if _contested(recorded, contract):
        return "contested"
    return "relied_on" if now() > contestable_until(recorded, contract) else "waiting"


def relied_on_by_other(recorded: GoodsDelivery | Payment, contract: Contract) -> bool:
    """Whether it is no longer its own side's to withdraw: confirmed, or not contested in time."""
    if recorded.confirmed_at is not None:
        return True
    return now() > contestable_until(recorded, contract) and not _contested(recorded, contract)


def contestable_until(recorded: GoodsDelivery | Payment, contract: Contract) -> datetime:
    """Until when the other side may open a dispute that keeps it from counting."""
    hours = int(contract.terms.get("rules", {}).get("rejection_hours", 24))
    return recorded.recorded_at + timedelta(hours=hours)


def _contested(recorded: GoodsDelivery | Payment, contract: Contract) -> bool:
    until = contestable_until(recorded, contract)
    others = (each for each in contract.disputes if each.side != recorded.side and each.closed_at is None)
    return any(dispute.opened_at <= until for dispute in others)


def _at_cost_of(recorded: GoodsDelivery | Payment) -> Literal["seller", "buyer"]:
    return "buyer" if isinstance(recorded, GoodsDelivery) else "seller"

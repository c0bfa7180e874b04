"""What a contract leaves over goes back to the market by itself: a shortfall as a demand, a surplus as a lot.

Both are copies of the orders that made the contract, with the time those were posted, so that in a tie they
go before orders that came later. Whom those are not proposed to, they are not either.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.book.news import note, note_posted
from matcher.book.orders import book_changed, books_changed
from matcher.clock import now, today
from matcher.contracts.amended import grams_of
from matcher.contracts.declined import inherit_declined, never_paired
from matcher.contracts.steps import steps_of
from matcher.errors import Fault, Invalid
from matcher.store.tables import Contract, Demand, GoodsDelivery, Lot, Match

_PLACE = ("place_name", "place_code", "place_vintage", "latitude", "longitude")
_OWN = {
    "id", "quantity_g", "taken_g", "remaining_g", "min_take_g", "state", "quarantine", "quarantined_at",
    "quarantine_traceback", "called", "version", "changed_at", "changed_in", "decide_by", "page_key",
}  # fmt: skip


def reoffer_shortfall(
    session: Session, match: Match, short_g: int, deliver_until: date, *, by_owner: bool
) -> Demand | None:
    """A demand for what did not come; None where the buyer's window is over, or nothing is short.

    `by_owner`: the buyer itself has said that nothing more comes.
    """
    if short_g <= 0 or deliver_until < today():
        return None
    old = match.demand
    window = {"deliver_from": max(old.deliver_from, today()), "deliver_until": deliver_until}
    demand = Demand(**_copied(old) | window | {"min_fill_g": 0, "expires_on": deliver_until})
    demand.quantity_g = short_g
    demand.min_take_g = min(old.min_take_g, short_g)
    demand.changed_in = book_changed(session, demand.crop)
    session.add(demand)
    session.flush()
    inherit_declined(session, old, demand)
    note_posted(session, demand, by_owner=by_owner)
    return demand


@dataclass(frozen=True)
class Offered:
    """A demand for what was short, and how many grams in it are the contract's: others its buyer may add."""

    demand: Demand
    own_g: int

    @property
    def provided_g(self) -> int:
        """What of its own the contract need not want again: it is wanted there, or matched."""
        demand = self.demand
        stands = demand.state in ("open", "filled")
        return min(self.own_g, demand.quantity_g if stands else demand.taken_g)


def reoffered(session: Session, contract: Contract) -> list[Offered]:
    """What was offered anew, of each time that the contract's deliveries were closed, and not taken back."""
    own_g: Counter[UUID] = Counter()
    for data in (step.statement["data"] for step in steps_of(session, contract)):
        if data.get("demand"):
            own_g[UUID(data["demand"])] += grams_of(data.get("offered_kg", data["short_kg"]))
        own_g.subtract({UUID(key): grams_of(kg) for key, kg in data.get("taken_back", {}).items()})
    demands = session.scalars(select(Demand).where(Demand.id.in_(own_g)).order_by(Demand.id))
    return [Offered(demand, own_g[demand.id]) for demand in demands]


def take_back(session: Session, offered: Sequence[Offered]) -> dict[UUID, int]:
    """Takes what is still open of what was offered off the market; returns the grams, by demand.

    What was matched stays so, and what the buyer has added since stays open.
    """
    taken_back = {}
    for each in offered:
        session.refresh(each.demand, with_for_update=True)
        taken_back[each.demand.id] = _lessen(session, each.demand, each.own_g - each.demand.taken_g)
    books_changed(session, [each.demand for each in offered if taken_back[each.demand.id]])
    return taken_back


def _lessen(session: Session, demand: Demand, grams: int) -> int:
    """Takes so much off a locked demand if it has it, and withdraws one of which nothing else is left."""
    remaining_g = demand.quantity_g - demand.taken_g
    if demand.state != "open" or grams <= 0:
        return 0
    demand.version += 1
    demand.changed_at = now()
    if grams >= remaining_g:
        demand.state = "withdrawn"
        note(session, demand, "withdrawn")
        return remaining_g
    demand.quantity_g -= grams
    demand.min_fill_g = min(demand.min_fill_g, demand.quantity_g)
    demand.min_take_g = min(demand.min_take_g, demand.quantity_g)
    session.flush()
    note(session, demand, "amended")
    return grams


def require_fresh(contract: Contract, lot: Lot) -> None:
    """Raises Invalid for a surplus of goods that are no longer fresh."""
    if (fresh_until := _fresh_until(contract, lot)) < today():
        what = f"such goods were fresh until {fresh_until}"
        raise Invalid(Fault("surplus_kg", what, "Leave it out; it can not sell."))


def reoffer_surplus(session: Session, contract: Contract, delivery: GoodsDelivery) -> Lot | None:
    """A lot of what was weighed and not taken over, there where it was brought, of the grade found there.

    For the seller to have it so, and for others than the demand that rejected it.
    None where there is no surplus, or it is no longer fresh.
    """
    match = session.get_one(Match, contract.match_id)
    old, surplus_g = match.lot, delivery.surplus_g
    expires_on = _fresh_until(contract, old)
    if surplus_g == 0 or expires_on < today():
        return None
    # It is picked, so it leaves from today on; how old it is counts from the day it was picked.
    picked = _picked(contract)
    picked_then = {"harvest_from": picked, "harvest_until": picked, "expires_on": expires_on}
    here = {name: getattr(match.demand, name) for name in _PLACE}
    lot = Lot(**_copied(old) | picked_then | here)
    lot.quantity_g, lot.forecast = surplus_g, False
    lot.grade = surplus_grade(old, delivery.grades)
    lot.min_take_g = min(old.min_take_g, surplus_g)
    lot.multiple_g = old.multiple_g if old.multiple_g and surplus_g >= old.multiple_g else None
    lot.changed_in = book_changed(session, lot.crop)
    session.add(lot)
    session.flush()
    inherit_declined(session, old, lot)
    never_paired(session, lot, [match.demand_id, *(each.demand.id for each in reoffered(session, contract))])
    note_posted(session, lot)
    return lot


def surplus_grade(lot: Lot, grades: Sequence[dict[str, Any]]) -> str:
    """The one grade of the ticket that is not the contract's, or else the contract's, which is the lot's."""
    others = [part["grade"] for part in grades if part["grade"] != lot.grade]
    return others[0] if len(others) == 1 else lot.grade


def _picked(contract: Contract) -> date:
    return date.fromisoformat(contract.terms["pick_day"])


def _fresh_until(contract: Contract, lot: Lot) -> date:
    return _picked(contract) + (lot.expires_on - lot.harvest_until)


def _copied(order: Lot | Demand) -> dict[str, Any]:
    names = (column.key for column in type(order).__mapper__.column_attrs)
    return {name: getattr(order, name) for name in names if name not in _OWN}

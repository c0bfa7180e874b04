"""What a contract leaves over goes back to the market by itself: a shortfall as a demand, a surplus as a lot.

Both are copies of the orders that made the contract, with the time those were posted, so that in a tie they
go before orders that came later. Whom those are not proposed to, they are not either.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.book.news import note, note_posted
from matcher.book.orders import book_changed, books_changed
from matcher.clock import today
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


def reoffered(session: Session, contract: Contract) -> Sequence[Demand]:
    """The demands for what was short, of each time that the contract's deliveries were closed."""
    closed = (each.statement for each in steps_of(session, contract) if each.statement["kind"] == "closed")
    named = [UUID(statement["data"]["demand"]) for statement in closed if statement["data"]["demand"]]
    return session.scalars(select(Demand).where(Demand.id.in_(named)).order_by(Demand.id)).all()


def take_back(session: Session, demands: Sequence[Demand]) -> list[Demand]:
    """Withdraws what is still open of these demands; returns those that were. What was matched stays so."""
    taken_back = []
    for demand in demands:
        session.refresh(demand, with_for_update=True)
        if demand.state == "open":
            demand.state = "withdrawn"
            demand.version += 1
            note(session, demand, "withdrawn")
            taken_back.append(demand)
    books_changed(session, taken_back)
    return taken_back


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
    never_paired(session, lot, [match.demand_id, *(each.id for each in reoffered(session, contract))])
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

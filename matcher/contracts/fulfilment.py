"""Fulfilment: what was weighed at the scale, against what was promised.

unfulfilled → partly_delivered → fulfilled, once what the buyer took over reaches the quantity less the
tolerance; or, when the deliveries are closed before that, → short or breached: see matcher.contracts.closing.
What is too much goes back to the market as a lot: see matcher.contracts.reoffer.
"""

from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.book.checks import crop_named
from matcher.clock import now
from matcher.contracts.amendments import lapse_amendment
from matcher.contracts.closing import Wanted, end_deliveries
from matcher.contracts.life import agreed_on, locked, moved
from matcher.contracts.moves import closes_from, may_still_come, side_of
from matcher.contracts.owed import accepted_grams, that_stand
from matcher.contracts.reoffer import reoffer_surplus, require_fresh, surplus_grade
from matcher.contracts.terms import last_day
from matcher.contracts.tickets import DeliveryPost, ticket_columns
from matcher.errors import Fault, Invalid, NotFound
from matcher.fields import kilograms_text
from matcher.knowledge import Knowledge
from matcher.store.tables import Contract, GoodsDelivery, Match, Party
from matcher.text import as_number

_WEIGHTS = ("gross", "tare", "rejected", "surplus")


def record_delivery(
    session: Session, contract_id: UUID, party: Party, post: DeliveryPost, knowledge: Knowledge
) -> Contract:
    """Writes a weigh ticket down, from either side. Raises NotFound, Conflict, Invalid naming every fault."""
    contract = locked(session, contract_id, party, "record_delivery")
    match = session.get_one(Match, contract.match_id)
    columns = ticket_columns(post, crop_named(knowledge.catalogue, match.crop), agreed_on(contract))
    if columns["surplus_g"]:
        require_fresh(contract, match.lot)
    position = len(contract.deliveries) + 1
    side = side_of(contract, party)
    _once(contract, post.ticket_number)
    delivery = GoodsDelivery(position=position, side=side, recorded_at=now(), **columns)
    contract.deliveries.append(delivery)
    session.flush()
    contract.fulfilment = fulfilment_now(contract)
    if side == "seller":
        _within_tolerance(contract)
    if delivery.surplus_g:
        _not_rejected_as_such(contract, match, delivery)
    ends = post.final and contract.fulfilment == "partly_delivered"
    if ends and may_still_come(contract, side):
        what = f"the seller may still deliver until {last_day(contract.terms)}"
        remedy = f"Leave it out, and close the deliveries from {closes_from(contract)} on."
        raise Invalid(Fault("final", what, remedy))
    # A lot in the seller's name is the seller's to post: the buyer's ticket offers it once it is confirmed.
    surplus = reoffer_surplus(session, contract, delivery) if side == "seller" else None
    facts = post.model_dump(mode="json", include={"ticket_number", "rejection_reason", "final"}) | {
        "position": position,
        "delivered_at": delivery.delivered_at.isoformat(),
        **{f"{name}_kg": kilograms_text(columns[f"{name}_g"]) for name in _WEIGHTS},
        "grades": columns["grades"],
        "surplus_lot": str(surplus.id) if surplus else None,
    }
    moved(session, contract, "contract.delivered", side, party.name, reason=post.note, **facts)
    lapse_amendment(session, contract, side, party.name)
    if ends:
        why = {"reason": post.note, "ticket_number": post.ticket_number}
        end_deliveries(session, contract, side, party.name, Wanted(), **why)
    return contract


def delivery_at(session: Session, contract: Contract, position: int) -> GoodsDelivery:
    """The delivery of this position, from 1. Raises NotFound."""
    own = (GoodsDelivery.contract_id == contract.id) & (GoodsDelivery.position == position)
    delivery = session.scalar(select(GoodsDelivery).where(own))
    if delivery is None:
        raise NotFound(f"Contract {contract.number} has no delivery {position}.")
    return delivery


def fulfilment_now(contract: Contract) -> Literal["unfulfilled", "partly_delivered", "fulfilled"]:
    """What the weigh tickets that stand make of a contract whose deliveries are not closed."""
    if not that_stand(contract.deliveries):
        return "unfulfilled"
    return "fulfilled" if accepted_grams(contract) >= least_grams(contract) else "partly_delivered"


def least_grams(contract: Contract) -> int:
    """What fulfils the contract: its quantity less the tolerance that its terms allow."""
    return -(-contract.quantity_g * (100 - tolerance_percent(contract)) // 100)


def tolerance_percent(contract: Contract) -> int:
    """The tolerance in the contract's terms; none in those that were drafted before there was one."""
    return int(contract.terms.get("rules", {}).get("tolerance_percent", 0))


def _once(contract: Contract, ticket_number: str) -> None:
    """Both sides hold the same weigh ticket; only one of them records it."""
    same, standing = as_number(ticket_number), that_stand(contract.deliveries)
    recorded = next((each for each in standing if as_number(each.ticket_number) == same), None)
    if recorded is not None:
        what = f"is recorded already, by the {recorded.side}, as delivery {recorded.position}"
        raise Invalid(Fault("ticket_number", what, "Record each weigh ticket once, or withdraw the other."))


def _within_tolerance(contract: Contract) -> None:
    """More than was promised is the buyer's to take over (Commercial Law, article 43)."""
    most_g = contract.quantity_g * (100 + tolerance_percent(contract)) // 100
    accepted_g = accepted_grams(contract)
    if accepted_g > most_g:
        what = f"{kilograms_text(accepted_g)} kg delivered of at most {kilograms_text(most_g)}"
        remedy = "Give what the buyer did not take over as rejected_kg; if it did, let the buyer record this."
        raise Invalid(Fault("gross_kg", what, remedy))


def _not_rejected_as_such(contract: Contract, match: Match, delivery: GoodsDelivery) -> None:
    """While the contract wants more, what the buyer rejects is not of its grade, and no lot of it."""
    if contract.fulfilment != "fulfilled" and surplus_grade(match.lot, delivery.grades) == match.lot.grade:
        what = "the buyer still wants goods of this grade, so what it rejects is not of it"
        others = sum(part["grade"] != match.lot.grade for part in delivery.grades)
        found = f"grades names {others or 'no'} other{'s' if others > 1 else ''}"
        remedy = "Name exactly one other grade in grades, with a ticket for each, or leave it out."
        raise Invalid(Fault("surplus_kg", f"{what}; {found}", remedy))

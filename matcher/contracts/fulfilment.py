"""Fulfilment: what was weighed at the scale, against what was promised.

unfulfilled → partly_delivered → fulfilled, once what the buyer took over reaches the quantity less the
tolerance; or, when the deliveries are closed before that, → short, or breached where nothing came at all.
What is short goes back to the market as a demand, what is too much as a lot: see matcher.contracts.reoffer;
what is short of a call returns to its frame agreement: see matcher.contracts.called.
"""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.book.checks import Faults, crop_named, in_order
from matcher.clock import now, today
from matcher.contracts.amendments import lapse_amendment
from matcher.contracts.declined import pairing_changed
from matcher.contracts.draft import get_contract
from matcher.contracts.life import Reason, agreed_on, locked, moved
from matcher.contracts.moves import GRACE, closes_from, illegal, may_still_come, side_of
from matcher.contracts.owed import accepted_grams
from matcher.contracts.reoffer import (
    reoffer_shortfall,
    reoffer_surplus,
    reoffered,
    require_fresh,
    surplus_grade,
)
from matcher.contracts.terms import kilograms_text, last_day
from matcher.contracts.tickets import DeliveryPost, ticket_columns
from matcher.errors import Fault, Invalid, NotFound
from matcher.fields import Day
from matcher.knowledge import Knowledge
from matcher.store.tables import Contract, GoodsDelivery, Match, Party
from matcher.text import as_number

_WEIGHTS = ("gross", "tare", "rejected", "surplus")


class Wanted(BaseModel):
    """What the buyer wants of the shortfall; not for the seller to say."""

    reoffer: Annotated[bool, Field(strict=True, description="false: the buyer does not want it any more")] = (
        True
    )
    deliver_until: Annotated[Day | None, Field(description="how long the buyer would still take it")] = None


class Closing(Wanted, Reason):
    """Why nothing more comes, and what the buyer wants of the shortfall."""


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
        _close(session, contract, side, party.name, Wanted(), **why)
    return contract


def close(session: Session, contract_id: UUID, party: Party, said: Closing) -> Contract:
    """Says that nothing more comes: the contract is short or breached. Raises NotFound, Conflict, Invalid.

    The buyer says so once the contract's last day of delivery is over, and the days of grace where no weigh
    ticket stands; and only the buyer, or an operator, says what it wants of the shortfall.
    """
    _require_over(get_contract(session, contract_id, party), party)
    contract = locked(session, contract_id, party, "close")
    by = "operator" if party.kind == "operator" else side_of(contract, party)
    for name in sorted(said.model_fields_set & {"reoffer", "deliver_until"}):
        if by == "seller" and getattr(said, name) != Wanted.model_fields[name].default:
            raise Invalid(Fault(name, "is the buyer's to say", "Leave it out; the demand is the buyer's."))
    _close(session, contract, by, party.name, said, reason=said.reason)
    return contract


def close_overdue(session: Session, limit: int = 1000, passing_over: int = 0) -> int:
    """Closes what was delivered in part and is past its grace; returns how many. Skips what others hold.

    Where nothing was recorded at all, nobody has said whether goods came, and only a side may close. Where a
    ticket was withdrawn, there is as long a time to record what is right.
    """
    last = func.coalesce(Contract.terms["deliver_until"].astext, Contract.terms["delivery_day"].astext)
    own = GoodsDelivery.contract_id == Contract.id
    put_right = select(GoodsDelivery.id).where(own, GoodsDelivery.withdrawn_at > now() - GRACE).exists()
    query = (
        select(Contract)
        .where(Contract.fulfilment == "partly_delivered")
        .where(last < (today() - GRACE).isoformat(), ~put_right)
        .order_by(Contract.id)
        .limit(limit)
        .offset(passing_over)
        .with_for_update(skip_locked=True)
    )
    contracts = session.scalars(query).all()
    for contract in contracts:
        _close(session, contract, "deadline", "", Wanted(), reason="past the day of delivery")
    return len(contracts)


def delivery_at(session: Session, contract: Contract, position: int) -> GoodsDelivery:
    """The delivery of this position, from 1. Raises NotFound."""
    own = (GoodsDelivery.contract_id == contract.id) & (GoodsDelivery.position == position)
    delivery = session.scalar(select(GoodsDelivery).where(own))
    if delivery is None:
        raise NotFound(f"Contract {contract.number} has no delivery {position}.")
    return delivery


def fulfilment_now(contract: Contract) -> Literal["unfulfilled", "partly_delivered", "fulfilled"]:
    """What the weigh tickets that stand make of a contract whose deliveries are not closed."""
    if all(delivery.withdrawn_at for delivery in contract.deliveries):
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
    standing = (each for each in contract.deliveries if each.withdrawn_at is None)
    same = as_number(ticket_number)
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


def _require_over(contract: Contract, party: Party) -> None:
    """Raises Conflict where the buyer would end deliveries that the seller may still make."""
    open_still = contract.signature == "agreed" and contract.fulfilment in ("unfulfilled", "partly_delivered")
    side = None if party.kind == "operator" else side_of(contract, party)
    if open_still and side and may_still_come(contract, side):
        last, first = last_day(contract.terms), closes_from(contract)
        what = f"The seller may still deliver until {last}, or record what came by then"
        why = f"{what}; the buyer closes from {first} on"
        raise illegal(contract, party, why)


def _check_until(match: Match, until: date) -> None:
    """Raises Invalid for a day until which the buyer could not post a demand either."""
    faults = Faults()
    if until < today():
        faults.add("deliver_until", "has passed", "Give today or a later day.")
    else:
        in_order(faults, "deliver", max(match.demand.deliver_from, today()), until, longest_days=366)
    faults.raise_any()


def _close(
    session: Session,
    contract: Contract,
    by: Literal["seller", "buyer", "operator", "deadline"],
    name: str,
    said: Wanted,
    **why: str | None,
) -> None:
    """`why` is the reason, if one was given, and the number of a last ticket."""
    match = session.get_one(Match, contract.match_id)
    short_g = contract.quantity_g - accepted_grams(contract)
    contract.fulfilment = "breached" if short_g == contract.quantity_g else "short"
    if contract.fulfilment == "breached":
        pairing_changed(session, match)
    if match.lot.called and said.deliver_until is not None:
        what = "what is short returns to the agreement it was called from"
        raise Invalid(Fault("deliver_until", what, "Leave it out, and call it again from there."))
    agreed_on = date.fromisoformat(contract.terms["delivery_day"])  # an amendment may have made it later
    until = said.deliver_until or max(match.demand.deliver_until, agreed_on)
    if said.deliver_until is not None:
        _check_until(match, until)
    # What an earlier closing, undone since, had offered anew and others were matched with, comes from them.
    wanted_g = short_g - sum(earlier.provided_g for earlier in reoffered(session, contract))
    reoffer = said.reoffer and not match.lot.called
    demand = reoffer_shortfall(session, match, wanted_g, until, by_owner=by == "buyer") if reoffer else None
    facts: dict[str, Any] = {
        "fulfilment": contract.fulfilment,
        "short_kg": kilograms_text(short_g),
        "demand": str(demand.id) if demand else None,
        "offered_kg": kilograms_text(demand.quantity_g) if demand else "0",
    } | said.model_dump(mode="json", include={"reoffer", "deliver_until"})
    moved(session, contract, "contract.closed", by, name, **why, **facts)
    lapse_amendment(session, contract, by, name)

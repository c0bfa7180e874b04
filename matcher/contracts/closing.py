"""The deliveries of a contract closed: nothing more comes, and it is short, or breached where nothing came.

What is short goes back to the market as a demand: see matcher.contracts.reoffer; what is short of a call
returns to its frame agreement: see matcher.contracts.called.
"""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.book.checks import Faults, in_order
from matcher.clock import now, today
from matcher.contracts.amendments import lapse_amendment
from matcher.contracts.declined import inherit_declined, pairing_changed
from matcher.contracts.draft import get_contract
from matcher.contracts.life import Reason, locked, moved
from matcher.contracts.moves import GRACE, closes_from, illegal, may_still_come, side_of
from matcher.contracts.owed import accepted_grams
from matcher.contracts.reoffer import (
    reoffer_shortfall,
    reoffered,
)
from matcher.contracts.terms import last_day
from matcher.errors import Fault, Invalid
from matcher.fields import Day, kilograms_text
from matcher.store.tables import Contract, GoodsDelivery, Match, Party


class Wanted(BaseModel):
    """What the buyer wants of the shortfall; not for the seller to say."""

    reoffer: Annotated[bool, Field(strict=True, description="false: the buyer does not want it any more")] = (
        True
    )
    deliver_until: Annotated[Day | None, Field(description="how long the buyer would still take it")] = None


class Closing(Wanted, Reason):
    """Why nothing more comes, and what the buyer wants of the shortfall."""


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
    end_deliveries(session, contract, by, party.name, said, reason=said.reason)
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
        end_deliveries(session, contract, "deadline", "", Wanted(), reason="past the day of delivery")
    return len(contracts)


def end_deliveries(
    session: Session,
    contract: Contract,
    by: Literal["seller", "buyer", "operator", "deadline"],
    name: str,
    said: Wanted,
    **why: str | None,
) -> None:
    """Has the contract be short or breached. `why` is the reason, if one was given, and the number of a last
    ticket. Raises Invalid for a day that can not be.
    """
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
    before = reoffered(session, contract)
    wanted_g = short_g - sum(earlier.provided_g for earlier in before)
    reoffer = said.reoffer and not match.lot.called
    demand = reoffer_shortfall(session, match, wanted_g, until, by_owner=by == "buyer") if reoffer else None
    if demand is not None:
        for earlier in before:
            inherit_declined(session, earlier.demand, demand)
    facts: dict[str, Any] = {
        "fulfilment": contract.fulfilment,
        "short_kg": kilograms_text(short_g),
        "demand": str(demand.id) if demand else None,
        "offered_kg": kilograms_text(demand.quantity_g) if demand else "0",
    } | said.model_dump(mode="json", include={"reoffer", "deliver_until"})
    moved(session, contract, "contract.closed", by, name, **why, **facts)
    lapse_amendment(session, contract, by, name)


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

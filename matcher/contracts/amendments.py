"""Amendments: a side proposes another quantity, price or day; the other accepts, counters or declines.

Proposing signs the new terms for one side, accepting for the other, so that a contract whose amendment is
accepted is agreed, with those terms as its next version. Until then nothing about it changes. What the new
version takes more or less of both orders, or of the agreement that the contract was called from, is taken
from there or given back in the same transaction.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.book.checks import Faults, crop_named, grams, positive
from matcher.book.orders import books_changed, give_back, have_left, take_more
from matcher.catalogue import Crop
from matcher.clock import end_of, now, today
from matcher.contracts.amended import Other, amended_terms, grams_of
from matcher.contracts.called import agreement_of, require_left, resize
from matcher.contracts.life import Acceptance, Reason, Signer, locked, moved, require_hash, sign
from matcher.contracts.moves import WAITING, Move, Side, illegal, open_amendment, side_of
from matcher.contracts.steps import terms_of_version
from matcher.contracts.terms import last_day, terms_hash
from matcher.errors import Fault, Invalid
from matcher.fields import Day, Price, Quantity, Text
from matcher.knowledge import Knowledge
from matcher.notices.events import Kind
from matcher.store.tables import Amendment, Contract, Demand, Frame, Lot, Match, Party


class Proposal(Signer):
    """Other terms, and who signs them. At least one of them has to differ from what is in force."""

    quantity_kg: Quantity | None = None
    price: Annotated[Price | None, Field(description="đồng per kg at the farm gate")] = None
    delivery_day: Day | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> "Proposal":
        if self.quantity_kg is None and self.price is None and self.delivery_day is None:
            raise PydanticCustomError("nothing_other", "nothing is to be other")
        return self


def propose(  # what the world knows comes beside what is said
    session: Session,
    contract_id: UUID,
    party: Party,
    said: Proposal,
    address: str,
    knowledge: Knowledge,
    settings: Settings,
) -> Contract:
    """Proposes other terms; a counter-proposal settles the one it answers.

    Raises NotFound, Conflict where the contract's state does not allow it, Invalid for terms that can not be:
    the same as now, more than either order has left, or a day on which the goods can not arrive.
    """
    contract = locked(session, contract_id, party, "amend")
    side = side_of(contract, party)
    answered = open_amendment(contract)
    if answered is not None:
        _settle(answered, "countered", None)
    elif late := _unanswered(contract):
        _settle(late, "lapsed", None)
    session.flush()
    terms = _new_terms(session, contract, said, knowledge)
    amendment = Amendment(
        contract_id=contract.id,
        version=contract.version + 1,
        side=side,
        terms=terms,
        **said.model_dump(include={"signer", "role", "authority", "note"}),
        address=address,
        proposed_at=now(),
        deadline_at=_deadline(contract, terms, settings),
    )
    contract.amendments.append(amendment)
    session.flush()
    facts = {
        "amendment": str(amendment.id), "terms": terms, "terms_hash": terms_hash(terms),
        "signer": said.signer, "role": said.role, "authority": said.authority, "method": "api",
        "address": address, "answers": str(answered.id) if answered else None,
    }  # fmt: skip
    moved(session, contract, "contract.amendment_proposed", side, party.name, reason=said.note, **facts)
    return contract


def accept_amendment(  # which, by whom, and what is said
    session: Session, contract_id: UUID, amendment_id: UUID, party: Party, said: Acceptance, address: str
) -> Contract:
    """Accepts the open amendment: its terms are the contract's next version, agreed by both.

    Raises NotFound, Conflict, and Invalid where `terms_hash` is not that of the amendment's terms, or the
    orders no longer have what it takes more.
    """
    contract, amendment = _answered(session, contract_id, amendment_id, party, "accept_amendment")
    require_hash(said, amendment.terms)
    _retake(session, contract, grams_of(amendment.terms["quantity_kg"]))
    contract.version, contract.terms = amendment.version, amendment.terms
    contract.signature = "agreed"
    proposer = Signer(signer=amendment.signer, role=amendment.role, authority=amendment.authority)
    other: Side = "seller" if amendment.side == "seller" else "buyer"
    sign(session, contract, other, proposer, amendment.address)
    sign(session, contract, side_of(contract, party), said, address)
    _settle(amendment, "accepted", None)
    facts = {"amendment": str(amendment.id), "method": "api", "address": address}
    moved(
        session,
        contract,
        "contract.amended",
        side_of(contract, party),
        party.name,
        **said.model_dump(),
        **facts,
    )
    return contract


def terms_to_read(session: Session, contract: Contract, version: int) -> dict[str, Any]:
    """The terms of a version, or those that the open amendment would make the next. Raises NotFound."""
    proposed = open_amendment(contract)
    if proposed is not None and version == proposed.version:
        return proposed.terms
    return terms_of_version(session, contract, version)


def decline_amendment(
    session: Session, contract_id: UUID, amendment_id: UUID, party: Party, said: Reason
) -> Contract:
    """Leaves the contract as it is. Raises NotFound, Conflict."""
    answered = _answered(session, contract_id, amendment_id, party, "decline_amendment")
    return _left(session, answered, party, "declined", said.reason)


def withdraw_amendment(
    session: Session, contract_id: UUID, amendment_id: UUID, party: Party, said: Reason
) -> Contract:
    """Takes one's own proposal back. Raises NotFound, Conflict."""
    answered = _answered(session, contract_id, amendment_id, party, "withdraw_amendment")
    return _left(session, answered, party, "withdrawn", said.reason)


def lapse_amendments(session: Session, limit: int = 1000, passing_over: int = 0) -> int:
    """Settles the amendments that were not answered in time; returns how many. Skips what others hold."""
    query = (
        select(Contract)
        .join(Amendment, Amendment.contract_id == Contract.id)
        .where(Amendment.state == "open", Amendment.deadline_at <= func.now())
        .where(Contract.signature == "agreed")
        .order_by(Contract.id)
        .limit(limit)
        .offset(passing_over)
        .with_for_update(skip_locked=True, of=Contract)
    )
    contracts = session.scalars(query).all()
    for contract in contracts:
        lapse_amendment(session, contract, "deadline", "")
    return len(contracts)


def lapse_amendment(session: Session, contract: Contract, by: str, by_name: str) -> None:
    """Settles what was proposed and not answered, if anything: its time, or the goods, overtook it."""
    amendment = _unanswered(contract)
    if amendment is not None:
        _settle(amendment, "lapsed", None)
        moved(session, contract, "contract.amendment_lapsed", by, by_name, amendment=str(amendment.id))


def _answered(
    session: Session, contract_id: UUID, amendment_id: UUID, party: Party, move: Move
) -> tuple[Contract, Amendment]:
    """The contract, locked, and the amendment that is open."""
    contract = locked(session, contract_id, party, move)
    amendment = open_amendment(contract)
    if amendment is None or amendment.id != amendment_id:
        raise illegal(contract, party, "Another amendment has taken this one's place")
    return contract, amendment


def _left(
    session: Session,
    answered: tuple[Contract, Amendment],
    party: Party,
    state: Literal["declined", "withdrawn"],
    reason: str,
) -> Contract:
    contract, amendment = answered
    _settle(amendment, state, reason)
    kind: Kind = "contract.amendment_declined" if state == "declined" else "contract.amendment_withdrawn"
    by = side_of(contract, party)
    moved(session, contract, kind, by, party.name, reason=reason, amendment=str(amendment.id))
    return contract


def _settle(amendment: Amendment, state: str, reason: str | None) -> None:
    amendment.state, amendment.settled_at, amendment.reason = state, now(), reason


def _unanswered(contract: Contract) -> Amendment | None:
    return next((each for each in contract.amendments if each.state == "open"), None)


def _deadline(contract: Contract, terms: dict[str, Any], settings: Settings) -> datetime:
    """That of the draft, or the hours for signing; no later than the goods may come by the new terms."""
    if contract.signature in WAITING:
        return contract.deadline_at
    last = last_day(terms)
    if last < today():
        what = f"{last}, the last day of delivery, is over"
        raise Invalid(Fault("delivery_day", what, f"Give {today()} or a later day."))
    return min(now() + timedelta(hours=settings.contract_deadline_hours), end_of(last))


def _new_terms(session: Session, contract: Contract, said: Proposal, knowledge: Knowledge) -> dict[str, Any]:
    match = session.get_one(Match, contract.match_id)
    crop = crop_named(knowledge.catalogue, match.crop)
    faults, quantity_g = Faults(), None
    if said.quantity_kg is not None:
        quantity_g = grams(faults, "quantity_kg", said.quantity_kg, crop)
        positive(faults, "quantity_kg", quantity_g)
        faults.raise_any()
    other = Other(quantity_g, said.price, said.delivery_day)
    terms = amended_terms(contract.terms, match.lot, other, _oldest_days(match, crop))
    if terms["amount"] < 1:
        raise Invalid(Fault("", "the goods would cost nothing", "Give more kg or a higher price."))
    if terms == contract.terms:
        raise Invalid(Fault("", "these are the terms as they are", "Change the quantity, price or day."))
    _require_left(session, contract, match, quantity_g or contract.quantity_g)
    return terms


def _require_left(session: Session, contract: Contract, match: Match, quantity_g: int) -> Frame | None:
    """The agreement that the contract was called from, if it was. Raises Invalid for more than there is."""
    frame = agreement_of(session, contract)
    if frame is None:
        have_left(match.lot, match.demand, contract.quantity_g, quantity_g)
    else:
        require_left(session, frame, contract, quantity_g)
    return frame


def _oldest_days(match: Match, crop: Crop) -> int:
    """How many days since picking the goods may be old when they arrive, by the freshness rule."""
    shelf_life = crop.shelf_life_days["cool" if match.lot.storage == "cool" else "ambient"]
    return shelf_life - max(match.demand.min_shelf_life_days, 0)


def _retake(session: Session, contract: Contract, quantity_g: int) -> None:
    """Makes the contract take `quantity_g` of both its orders, or of the agreement it was called from."""
    match = session.get_one(Match, contract.match_id)
    for order in (match.lot, match.demand):
        session.refresh(order, with_for_update=True)
    frame = _require_left(session, contract, match, quantity_g)
    more = quantity_g - contract.quantity_g
    lots, demands = {match.lot_id: abs(more)}, {match.demand_id: abs(more)}
    contract.quantity_g = quantity_g
    if frame is not None:
        resize(match, quantity_g)
    elif more > 0:
        books_changed(session, [*take_more(session, Lot, lots), *take_more(session, Demand, demands)])
    elif more < 0:
        both = (contract.seller_id, contract.buyer_id)
        offered = give_back(session, Lot, lots, both)
        wanted = give_back(session, Demand, demands, both)
        books_changed(session, [*offered, *wanted])

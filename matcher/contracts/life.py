"""A contract's life: sent, opened, accepted by each side, declined, cancelled, or lapsed at its deadline.

draft → sent → accepted_by_seller or accepted_by_buyer → agreed; from any of them but agreed → declined,
lapsed; from any of them → cancelled. What a contract that comes to nothing had taken is back in the book
at once. matcher.contracts.amendments has how its terms change, matcher.contracts.fulfilment what follows.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from matcher.book.orders import books_changed, give_back
from matcher.clock import day_of, now
from matcher.contracts.documents import ask_again
from matcher.contracts.draft import get_contract
from matcher.contracts.moves import WAITING, Move, Side, illegal, moves, side_of, state_of
from matcher.contracts.news import tell_of_contract
from matcher.contracts.steps import add_step
from matcher.contracts.terms import terms_hash
from matcher.errors import Fault, Invalid
from matcher.fields import Text
from matcher.notices.events import Kind
from matcher.parties import require
from matcher.store.tables import CONTRACT_WAITING, Contract, Demand, Lot, Match, Party, Signature


class Signer(BaseModel):
    """Who signs for a side."""

    model_config = ConfigDict(extra="forbid")

    signer: Text
    role: Text | None = None
    authority: Text | None = Field(None, description="what entitles the signer, such as a power of attorney")


class Acceptance(Signer):
    """Who accepts for a side. `terms_hash` is that of the terms as they were read; see ContractView."""

    terms_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text


def accept(
    session: Session,
    contract_id: UUID,
    party: Party,
    said: Acceptance,
    address: str,
) -> Contract:
    """Accepts for the party's side; the second acceptance makes it agreed.

    Raises NotFound, Conflict where the contract's state does not allow it, Invalid when `terms_hash` is not
    that of this contract's terms: then other terms were read than would be signed.
    """
    contract = locked(session, contract_id, party, "accept")
    require_hash(said, contract.terms)
    side = side_of(contract, party)
    sign(session, contract, side, said, address)
    agreed = contract.signature in ("accepted_by_seller", "accepted_by_buyer")
    contract.signature = "agreed" if agreed else f"accepted_by_{side}"
    kind: Kind = "contract.agreed" if agreed else "contract.accepted"
    moved(session, contract, kind, side, party.name, **said.model_dump(), method="api", address=address)
    return contract


def require_hash(said: Acceptance, terms: dict[str, Any]) -> None:
    """Raises Invalid unless these are the terms that were read."""
    if said.terms_hash != terms_hash(terms):
        fault = Fault("terms_hash", "not the hash of these terms", "Read them again; send their terms_hash.")
        raise Invalid(fault)


def sign(session: Session, contract: Contract, side: Side, signer: Signer, address: str) -> None:
    """Signs the contract's current version for `side`."""
    signature = Signature(
        contract_id=contract.id,
        version=contract.version,
        side=side,
        **signer.model_dump(include={"signer", "role", "authority"}),
        method="api",
        address=address,
        terms_hash=terms_hash(contract.terms),
        signed_at=now(),
    )
    session.add(signature)


def decline(session: Session, contract_id: UUID, party: Party, reason: str) -> Contract:
    """Declines; this pair of orders is not proposed again. Raises NotFound, Conflict."""
    contract = locked(session, contract_id, party, "decline")
    _end(session, [contract], "declined", reason, by=(party.id,))
    moved(session, contract, "contract.declined", side_of(contract, party), party.name, reason=reason)
    return contract


def cancel(session: Session, contract_id: UUID, party: Party, reason: str) -> Contract:
    """Cancels, agreed or not; for operators. Raises NotFound, Forbidden for a side, Conflict."""
    get_contract(session, contract_id, party)
    require(party, "operator")
    contract = locked(session, contract_id, party, "cancel")
    _end(session, [contract], "cancelled", reason)
    moved(session, contract, "contract.cancelled", "operator", party.name, reason=reason)
    return contract


def lapse(session: Session, limit: int = 1000, passing_over: int = 0) -> int:
    """Ends the contracts that both sides did not accept in time; returns how many. Skips what others hold."""
    query = (
        select(Contract)
        .where(Contract.signature.in_(WAITING), Contract.deadline_at <= func.now())
        .order_by(Contract.match_id)
        .limit(limit)
        .offset(passing_over)
        .with_for_update(skip_locked=True)
    )
    contracts: Sequence[Contract] = session.scalars(query).all()
    _end(session, contracts, "lapsed", None)
    for contract in contracts:
        moved(session, contract, "contract.lapsed", "deadline", "")
    return len(contracts)


def opened(session: Session, contract: Contract, party: Party) -> None:
    """Notes the first time that a side reads it."""
    if party.kind == "operator" or _opened_at(contract, party) is not None:
        return
    session.refresh(contract, with_for_update=True)
    if _opened_at(contract, party) is None:
        side = side_of(contract, party)
        setattr(contract, f"opened_by_{side}_at", now())
        add_step(session, contract, "opened", now(), side)


def remind(session: Session, limit: int = 1000, passing_over: int = 0) -> int:
    """Tells the sides that a contract waits for, once, that it will lapse; returns of how many."""
    query = (
        select(Contract)
        .where(literal_column(CONTRACT_WAITING), Contract.reminded_at.is_(None))
        .where(Contract.remind_at <= func.now(), Contract.deadline_at > func.now())
        .order_by(Contract.id)
        .limit(limit)
        .offset(passing_over)
        .with_for_update(skip_locked=True)
    )
    contracts: Sequence[Contract] = session.scalars(query).all()
    for contract in contracts:
        contract.reminded_at = now()
        tell_of_contract(session, contract, "contract.lapsing", "deadline", "", {}, 1)
    return len(contracts)


def locked(session: Session, contract_id: UUID, party: Party, move: Move) -> Contract:
    """The contract, locked. Raises NotFound, and Conflict unless `party` may make the move now."""
    contract = held(session, contract_id, party)
    require_move(contract, party, move)
    return contract


def held(session: Session, contract_id: UUID, party: Party) -> Contract:
    """The contract, locked, for a move that has its own refusals before `require_move`. Raises NotFound."""
    get_contract(session, contract_id, party)
    return session.get_one(Contract, contract_id, with_for_update=True, populate_existing=True)


def require_move(contract: Contract, party: Party, move: Move) -> None:
    """Raises Conflict unless `party` may make the move now."""
    if move not in moves(contract, party):
        raise illegal(contract, party, f"This contract is {state_of(contract)}")


def agreed_on(contract: Contract) -> date:
    """The day on which both sides had first signed the same version of an agreed contract."""
    signed: dict[int, list[datetime]] = {}
    for signature in contract.signatures:
        signed.setdefault(signature.version, []).append(signature.signed_at)
    both = (max(instants) for instants in signed.values() if len(instants) == 2)
    return day_of(min(both, default=contract.drafted_at))


def _end(
    session: Session,
    contracts: Sequence[Contract],
    signature: str,
    reason: str | None,
    by: Collection[UUID] = (),
) -> None:
    """Ends the contracts and gives what they took back to both orders; `by`: the parties who have it so."""
    lots: Counter[UUID] = Counter()
    demands: Counter[UUID] = Counter()
    for contract in contracts:
        contract.signature, contract.reason = signature, reason
        for amendment in contract.amendments:
            if amendment.state == "open":
                amendment.state, amendment.settled_at = "lapsed", now()
        match = session.get_one(Match, contract.match_id)
        match.released_at = now()
        lots[match.lot_id] += contract.quantity_g
        demands[match.demand_id] += contract.quantity_g
    # As a clearing locks them: lots, demands, and books last; or the two could wait for each other.
    returned: list[Lot | Demand] = [
        *give_back(session, Lot, lots, by),
        *give_back(session, Demand, demands, by),
    ]
    books_changed(session, returned)


def _opened_at(contract: Contract, party: Party) -> datetime | None:
    return contract.opened_by_seller_at if party.id == contract.seller_id else contract.opened_by_buyer_at


def moved(session: Session, contract: Contract, kind: Kind, by: str, by_name: str, **data: Any) -> None:
    """Adds the step to the contract's record, asks for its documents anew, and tells both sides."""
    contract.moved_at = now()
    session.flush()
    step = add_step(session, contract, kind.removeprefix("contract."), contract.moved_at, by, **data)
    ask_again(session, contract)
    tell_of_contract(session, contract, kind, by, by_name, data, step.position)

"""A contract's life: accepted by each side, declined, cancelled, or lapsed at its deadline.

draft → accepted_by_seller or accepted_by_buyer → agreed; from any of them but agreed → declined, lapsed;
from any of them → cancelled. What a contract that comes to nothing had taken is back in the book at once.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.book.orders import books_changed, give_back
from matcher.clock import now
from matcher.contracts.documents import ask_again
from matcher.contracts.draft import get_contract
from matcher.contracts.news import tell_of_contract
from matcher.contracts.terms import terms_hash
from matcher.errors import Conflict, Fault, Invalid
from matcher.fields import Text
from matcher.notices.events import Kind
from matcher.parties import require
from matcher.store.tables import Contract, Demand, Lot, Match, Party, Signature

Side = Literal["seller", "buyer"]
Move = Literal["accept", "decline", "cancel"]
WAITING = ("draft", "accepted_by_seller", "accepted_by_buyer")  # and "sent", which nothing sets yet


class Acceptance(BaseModel):
    """Who accepts for a side. `terms_hash` is that of the contract as it was read; see ContractView."""

    model_config = ConfigDict(extra="forbid")

    signer: Text
    role: Text | None = None
    authority: Text | None = Field(None, description="what entitles the signer, such as a power of attorney")
    terms_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text


def moves(contract: Contract, party: Party) -> list[Move]:
    """What `party` may do with the contract now."""
    if party.kind == "operator":
        return ["cancel"] if contract.signature in (*WAITING, "agreed") else []
    if contract.signature not in WAITING or contract.deadline_at <= now():
        return []
    accepted = contract.signature == f"accepted_by_{_side(contract, party)}"
    return ["decline"] if accepted else ["accept", "decline"]


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
    contract = _locked(session, contract_id, party, "accept")
    if said.terms_hash != terms_hash(contract.terms):
        raise Invalid(
            Fault(
                "terms_hash", "not the hash of these terms", "Read the contract again; send its terms_hash."
            )
        )
    side = _side(contract, party)
    signed = said.model_dump() | {
        "side": side,
        "method": "api",
        "address": address,
        "version": contract.version,
    }
    session.add(Signature(contract_id=contract.id, signed_at=now(), **signed))
    agreed = contract.signature in ("accepted_by_seller", "accepted_by_buyer")
    contract.signature = "agreed" if agreed else f"accepted_by_{side}"
    _tell(session, contract, "contract.agreed" if agreed else "contract.accepted", side, party.name)
    return contract


def decline(session: Session, contract_id: UUID, party: Party, reason: str) -> Contract:
    """Declines; this pair of orders is not proposed again. Raises NotFound, Conflict."""
    contract = _locked(session, contract_id, party, "decline")
    side = _side(contract, party)
    _end(session, [contract], "declined", reason)
    _tell(session, contract, "contract.declined", side, party.name)
    return contract


def cancel(session: Session, contract_id: UUID, party: Party, reason: str) -> Contract:
    """Cancels, agreed or not; for operators. Raises Forbidden, NotFound, Conflict."""
    require(party, "operator")
    contract = _locked(session, contract_id, party, "cancel")
    _end(session, [contract], "cancelled", reason)
    _tell(session, contract, "contract.cancelled", "operator", party.name)
    return contract


def lapse(session: Session, limit: int = 1000) -> int:
    """Ends the contracts that both sides did not accept in time; returns how many. Skips what others hold."""
    query = (
        select(Contract)
        .where(Contract.signature.in_(WAITING), Contract.deadline_at <= func.now())
        .order_by(Contract.match_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    contracts: Sequence[Contract] = session.scalars(query).all()
    _end(session, contracts, "lapsed", None)
    for contract in contracts:
        _tell(session, contract, "contract.lapsed", "deadline", "")
    return len(contracts)


def _locked(session: Session, contract_id: UUID, party: Party, move: Move) -> Contract:
    get_contract(session, contract_id, party)
    contract = session.get_one(Contract, contract_id, with_for_update=True, populate_existing=True)
    legal = moves(contract, party)
    if move not in legal:
        raise Conflict(
            f"This contract is {_state(contract, now())}; you may now: {', '.join(legal) or 'nothing'}."
        )
    return contract


def _state(contract: Contract, at: datetime) -> str:
    late = contract.signature in WAITING and contract.deadline_at <= at
    return f"past its deadline of {contract.deadline_at:%Y-%m-%dT%H:%M:%SZ}" if late else contract.signature


def _side(contract: Contract, party: Party) -> Side:
    return "seller" if party.id == contract.seller_id else "buyer"


def _end(session: Session, contracts: Sequence[Contract], signature: str, reason: str | None) -> None:
    """Ends the contracts and gives what their matches took back to both orders."""
    lots: Counter[UUID] = Counter()
    demands: Counter[UUID] = Counter()
    for contract in contracts:
        contract.signature, contract.reason = signature, reason
        match = session.get_one(Match, contract.match_id)
        match.released_at = now()
        lots[match.lot_id] += match.quantity_g
        demands[match.demand_id] += match.quantity_g
    # As a clearing locks them: lots, demands, and books last; or the two could wait for each other.
    books_changed(session, [*give_back(session, Lot, lots), *give_back(session, Demand, demands)])


def _tell(session: Session, contract: Contract, kind: Kind, by: str, by_name: str) -> None:
    contract.moved_at = now()
    session.flush()
    ask_again(session, contract)
    tell_of_contract(session, contract, kind, by, by_name)

"""A contract's life: sent, opened, accepted by each side, declined, cancelled, or lapsed at its deadline.

draft → sent → accepted_by_seller or accepted_by_buyer → agreed; from any of them but agreed → declined,
lapsed; from any of them → cancelled. What a contract that comes to nothing had taken is back in the book
at once. matcher.contracts.amendments has how its terms change, matcher.contracts.fulfilment what follows.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from matcher.book.orders import books_changed, give_back
from matcher.clock import now, today
from matcher.contracts.documents import ask_again
from matcher.contracts.draft import get_contract
from matcher.contracts.news import tell_of_contract
from matcher.contracts.steps import add_step
from matcher.contracts.terms import terms_hash
from matcher.errors import Conflict, Fault, Invalid
from matcher.fields import Text
from matcher.notices.events import Kind
from matcher.parties import require
from matcher.store.tables import CONTRACT_WAITING, Amendment, Contract, Demand, Lot, Match, Party, Signature

Side = Literal["seller", "buyer"]
Move = Literal[
    "accept", "decline", "cancel", "amend", "accept_amendment", "decline_amendment", "withdraw_amendment",
    "record_delivery", "withdraw_delivery", "record_payment", "withdraw_payment", "close", "open_dispute",
    "close_dispute",
]  # fmt: skip
WAITING = ("draft", "sent", "accepted_by_seller", "accepted_by_buyer")


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


def moves(contract: Contract, party: Party) -> list[Move]:
    """What `party` may do with the contract now."""
    if party.kind == "operator":
        return _operator_moves(contract)
    side = side_of(contract, party)
    return [
        *_signing_moves(contract, side),
        *_amending_moves(contract, party),
        *_fulfilling_moves(contract, side),
    ]


def _operator_moves(contract: Contract) -> list[Move]:
    if contract.signature != "agreed":
        return ["cancel"] if contract.signature in WAITING else []
    # What has been delivered was taken; cancelling would put it back on the market. Closing does not.
    ends: dict[str, list[Move]] = {"unfulfilled": ["cancel"], "partly_delivered": ["close"]}
    allowed = [*ends.get(contract.fulfilment, []), *_withdrawing_moves(contract)]
    return [*allowed, "close_dispute"] if contract.disputed_by else allowed


def _withdrawing_moves(contract: Contract) -> list[Move]:
    # Once the deliveries are closed, what was short is on the market again.
    if contract.fulfilment in ("partly_delivered", "fulfilled"):
        return ["withdraw_delivery", "withdraw_payment"]
    return ["withdraw_payment"]


def _fulfilling_moves(contract: Contract, side: Side) -> list[Move]:
    if contract.signature != "agreed":
        return []
    allowed: list[Move] = ["record_payment", *_withdrawing_moves(contract)]
    if contract.fulfilment in ("unfulfilled", "partly_delivered", "fulfilled"):
        allowed += ["record_delivery"]
    # Before the goods are due it is not for the buyer to say that none will come.
    due = side == "seller" or today().isoformat() >= contract.terms["delivery_day"]
    if contract.fulfilment == "partly_delivered" or (contract.fulfilment == "unfulfilled" and due):
        allowed += ["close"]
    if contract.disputed_by is None:
        return [*allowed, "open_dispute"]
    return [*allowed, "close_dispute"] if contract.disputed_by == side else allowed


def _signing_moves(contract: Contract, side: Side) -> list[Move]:
    if contract.signature not in WAITING or contract.deadline_at <= now():
        return []
    return ["decline"] if contract.signature == f"accepted_by_{side}" else ["accept", "decline"]


def _amending_moves(contract: Contract, party: Party) -> list[Move]:
    late = contract.signature in WAITING and contract.deadline_at <= now()
    if late or contract.signature not in (*WAITING, "agreed") or contract.fulfilment != "unfulfilled":
        return []
    proposed = open_amendment(contract)
    if proposed is None:
        return ["amend"]
    if proposed.side == side_of(contract, party):
        return ["withdraw_amendment"]
    return ["amend", "accept_amendment", "decline_amendment"]


def open_amendment(contract: Contract) -> Amendment | None:
    """The amendment that waits for the other side's answer, if any; past its deadline it waits no more."""
    waiting = (each for each in contract.amendments if each.state == "open" and each.deadline_at > now())
    return next(waiting, None)


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
    """Cancels, agreed or not; for operators. Raises Forbidden, NotFound, Conflict."""
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
        tell_of_contract(session, contract, "contract.lapsing", "deadline", "", None, 1)
    return len(contracts)


def locked(session: Session, contract_id: UUID, party: Party, move: Move) -> Contract:
    """The contract, locked. Raises NotFound, and Conflict unless `party` may make the move now."""
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


def side_of(contract: Contract, party: Party) -> Side:
    """Which side a party to the contract is."""
    return "seller" if party.id == contract.seller_id else "buyer"


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
    tell_of_contract(session, contract, kind, by, by_name, data.get("reason"), step.position)

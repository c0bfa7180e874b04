"""A contract as its parties read it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from matcher.contracts.draft import page_path
from matcher.contracts.moves import Move, moves
from matcher.contracts.terms import terms_hash
from matcher.store.tables import Amendment, Contract, Party

State = Literal[
    "draft", "sent", "accepted_by_seller", "accepted_by_buyer", "agreed", "declined", "lapsed", "cancelled",
]  # fmt: skip
Fulfilment = Literal["unfulfilled", "partly_delivered", "fulfilled", "short", "breached"]


class SignatureView(BaseModel):
    """One side's acceptance: by whom, how, from which network address, on which hash of the terms."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    side: Literal["seller", "buyer"]
    signer: str
    role: str | None
    authority: str | None
    method: str
    address: str
    terms_hash: str
    signed_at: datetime


class AmendmentView(BaseModel):
    """Other terms that a side proposes, or proposed; accept those that are open on their `terms_hash`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int = Field(description="of the contract, once it is accepted")
    side: Literal["seller", "buyer"]
    state: Literal["open", "accepted", "declined", "countered", "withdrawn", "lapsed"]
    terms: dict[str, Any]
    terms_hash: str
    note: str | None
    signer: str
    proposed_at: datetime
    deadline_at: datetime
    settled_at: datetime | None
    reason: str | None = Field(description="what was given for declining or withdrawing it")


class ContractView(BaseModel):
    """A contract as both parties read it; `terms` is the content that its document shows."""

    id: UUID
    number: str
    match_id: UUID
    seller_id: UUID
    buyer_id: UUID
    version: int
    signature: State
    fulfilment: Fulfilment
    terms: dict[str, Any]
    terms_hash: str = Field(description="SHA-256 of the terms in canonical form; send it when you accept")
    page: str = Field(description="path of its page; whoever has it may read the page, without a key")
    signatures: list[SignatureView]
    amendments: list[AmendmentView]
    reason: str | None = Field(description="what was given for declining or cancelling")
    moves: list[Move] = Field(description="what you may do with it now")
    drafted_at: datetime
    deadline_at: datetime = Field(description="when the draft lapses unless both have accepted")
    opened_by_seller_at: datetime | None
    opened_by_buyer_at: datetime | None


def contract_view(contract: Contract, reader: Party) -> ContractView:
    shown = {name: getattr(contract, name) for name in ContractView.model_fields if hasattr(contract, name)}
    return ContractView.model_validate(
        shown
        | {
            "terms_hash": terms_hash(contract.terms),
            "page": page_path(contract),
            "signatures": [SignatureView.model_validate(signature) for signature in contract.signatures],
            "amendments": [amendment_view(amendment) for amendment in contract.amendments],
            "moves": moves(contract, reader),
        }
    )


def amendment_view(amendment: Amendment) -> AmendmentView:
    fields = {name: getattr(amendment, name, None) for name in AmendmentView.model_fields}
    return AmendmentView.model_validate(fields | {"terms_hash": terms_hash(amendment.terms)})

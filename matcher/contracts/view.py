"""A contract as its parties read it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from matcher.contracts.draft import page_path
from matcher.contracts.life import Move, moves
from matcher.contracts.terms import terms_hash
from matcher.store.tables import Contract, Party

State = Literal[
    "draft", "sent", "accepted_by_seller", "accepted_by_buyer", "agreed", "declined", "lapsed",
    "cancelled", "superseded",
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
    reason: str | None = Field(description="what was given for declining or cancelling")
    moves: list[Move] = Field(description="what you may do with it now")
    drafted_at: datetime
    deadline_at: datetime = Field(description="when the draft lapses unless both have accepted")


def contract_view(contract: Contract, reader: Party) -> ContractView:
    shown = {name: getattr(contract, name) for name in ContractView.model_fields if hasattr(contract, name)}
    return ContractView.model_validate(
        shown
        | {
            "terms_hash": terms_hash(contract.terms),
            "page": page_path(contract),
            "signatures": [SignatureView.model_validate(signature) for signature in contract.signatures],
            "moves": moves(contract, reader),
        }
    )

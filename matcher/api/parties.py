"""/v1/parties"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from matcher.api.once import OnceRoute, once
from matcher.api.requests import Caller, Configured, Transaction
from matcher.contracts.track_record import TrackRecord, track_record
from matcher.errors import NotFound
from matcher.parties import get_party, sees

router = APIRouter(prefix="/v1/parties", tags=["parties"], route_class=OnceRoute)


class PartyView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Literal["producer", "buyer", "operator"]
    name: str
    language: Literal["vi", "en"]
    email: str | None
    phone: str | None
    address: str | None
    tax_code: str | None
    representative: str | None
    position: str | None
    authority: str | None
    bank_account: str | None
    bank: str | None
    growing_area_code: str | None
    created_at: datetime


class PartyChange(BaseModel):
    """What a party changes of itself; the rest is an operator's (`matcher party amend`)."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["vi", "en"]


@router.get("/me")
def read_me(caller: Caller) -> PartyView:
    """Who your API key says you are."""
    return PartyView.model_validate(caller)


@router.patch("/me", dependencies=[once])
def change_me(caller: Caller, body: PartyChange) -> PartyView:
    """Choose the language you are told in, where a contact of yours has none of its own."""
    caller.language = body.language
    return PartyView.model_validate(caller)


@router.get("/{party_id}/track-record")
def read_record(session: Transaction, caller: Caller, configured: Configured, party_id: UUID) -> TrackRecord:
    """How a party has kept its contracts: your own, or that of whom you have a contract with."""
    return track_record(session, party_id, caller, configured.head_start_seconds)


@router.get("/{party_id}")
def read(session: Transaction, caller: Caller, party_id: UUID) -> PartyView:
    """A party: yourself, or any for an operator."""
    if not sees(caller, party_id):
        raise NotFound(f"No party {party_id}.")
    return PartyView.model_validate(get_party(session, party_id))

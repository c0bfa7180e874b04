"""A frame agreement or memorandum as its parties read it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.contracts.called import drawn
from matcher.contracts.steps import digest
from matcher.fields import Kilograms, kilograms
from matcher.frames.call import contracts_of
from matcher.frames.life import Move, moves
from matcher.frames.terms import Kind
from matcher.store.tables import Frame, Party


class SideView(BaseModel):
    """One party to it; `signed_at` is null until it has signed."""

    model_config = ConfigDict(from_attributes=True)

    party_id: UUID
    signer: str | None
    role: str | None
    authority: str | None
    signed_at: datetime | None
    particulars: dict[str, Any] | None = Field(
        description="address, tax code, bank account and the like, as they were when it signed"
    )


class FrameView(BaseModel):
    """What was agreed over the season, and how much of it is drawn."""

    id: UUID
    number: str
    kind: Kind
    state: Literal["draft", "agreed", "declined", "ended"]
    terms: dict[str, Any]
    terms_hash: str = Field(description="SHA-256 of the terms in canonical form; send it when you sign")
    sides: list[SideView]
    called_kg: Kilograms = Field(description="by contracts that stand; of a short or breached one, what came")
    remaining_kg: Kilograms
    accepted_kg: Kilograms = Field(description="taken over at the scale so far")
    contracts: list[UUID]
    reason: str | None = Field(description="what was given for declining or ending it")
    moves: list[Move] = Field(description="what you may do with it now")
    drafted_at: datetime


def frame_view(session: Session, frame: Frame, reader: Party) -> FrameView:
    so_far = drawn(session, frame)
    return FrameView(
        id=frame.id,
        number=frame.number,
        kind=frame.kind,
        state=frame.state,
        terms=frame.terms,
        terms_hash=digest(frame.terms),
        sides=[SideView.model_validate(side) for side in frame.sides],
        called_kg=kilograms(so_far.called_g),
        remaining_kg=kilograms(so_far.remaining_g),
        accepted_kg=kilograms(so_far.accepted_g),
        contracts=contracts_of(session, frame),
        reason=frame.reason,
        moves=moves(frame, reader),
        drafted_at=frame.drafted_at,
    )

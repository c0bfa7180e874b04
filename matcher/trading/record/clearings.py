"""Clearings as they are on record: what each found, how good it is proven to be, and how it was found."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.catalogue import load_catalogue
from matcher.errors import NotFound
from matcher.store.session import settings_of
from matcher.store.tables import Clearing, Match, Party


class ClearingView(BaseModel):
    """One run over a book. Values are whole đồng; `value` ≤ `upper_bound`, and equal where `optimal`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    crop: str
    book_version: int
    started_at: datetime
    finished_at: datetime
    lots: int
    demands: int
    matches: int = Field(description="made and tentative")
    value: int = Field(description="bid − ask − transport − freshness penalty of all that is matched")
    upper_bound: int = Field(description="more than this is proven impossible")
    optimal: bool
    method: str


def get_clearing(session: Session, clearing_id: UUID, party: Party) -> Clearing:
    """The clearing, for operators and for who has a match in it. Raises NotFound for others."""
    clearing = session.get(Clearing, clearing_id)
    own = (Match.seller_id == party.id) | (Match.buyer_id == party.id)
    took_part = select(Match.id).where(Match.clearing_id == clearing_id, own).limit(1)
    if clearing is None or not (party.kind == "operator" or session.scalar(took_part)):
        raise NotFound(f"No clearing {clearing_id}.")
    return clearing


def last_clearings(session: Session, crop: str | None, limit: int) -> Sequence[Clearing]:
    """Newest first; of one crop, or of all. Raises NotFound for a crop unknown to them and the catalogue."""
    query = select(Clearing).order_by(Clearing.id.desc()).limit(limit)
    if crop is None:
        return session.scalars(query).all()
    found = session.scalars(query.where(Clearing.crop == crop)).all()
    if not found:
        load_catalogue(settings_of(session).config_folder).crop(crop)
    return found


def percent_of_bound(clearing: Clearing) -> Decimal | None:
    """The value in percent of its bound, two decimals, rounded down: only what reaches its bound has 100.

    None where nothing could be gained.
    """
    welfare, bound = int(clearing.welfare), int(clearing.upper_bound)
    return Decimal(welfare * 10_000 // bound).scaleb(-2) if bound else None


def clearing_view(clearing: Clearing) -> ClearingView:
    shown = {name: getattr(clearing, name) for name in ClearingView.model_fields if hasattr(clearing, name)}
    dong = {"value": int(clearing.welfare) // 1000, "upper_bound": int(clearing.upper_bound) // 1000}
    return ClearingView(**shown | dong)

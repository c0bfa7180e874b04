"""Matches as their two sides read them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from matcher.errors import NotFound
from matcher.fields import Kilograms, Kilometres, kilograms, kilometres
from matcher.parties import sees
from matcher.store.tables import Contract, Demand, Lot, Match, Party


class MatchView(BaseModel):
    """kg of one lot promised to one demand; money is đồng per kg."""

    id: UUID
    clearing_id: UUID
    lot_id: UUID
    demand_id: UUID
    seller_id: UUID
    buyer_id: UUID
    crop: str
    quantity_kg: Kilograms
    ask: int
    bid: int
    transport: int
    freshness_penalty: int
    price: int = Field(description="what the seller gets at the farm gate")
    value: int = Field(description="bid − ask − transport − freshness penalty")
    distance_km: Kilometres = Field(description="by road, estimated from the great circle")
    pick_day: date
    leave_day: date
    delivery_day: date
    made_at: datetime
    released_at: datetime | None = Field(description="when its contract came to nothing; null: it stands")
    contract_id: UUID
    contract_number: str


def get_match(session: Session, match_id: UUID, party: Party) -> MatchView:
    """Raises NotFound unless `party` is a side of it or an operator."""
    row = session.execute(_matches().where(Match.id == match_id)).one_or_none()
    if row is None or not sees(party, row[0].seller_id, row[0].buyer_id):
        raise NotFound(f"No match {match_id}.")
    return _view(row)


def list_matches(
    session: Session, party: Party, *, before: UUID | None = None, limit: int = 50
) -> Sequence[MatchView]:
    """Newest first, at most `limit`, those older than the match `before`."""
    query = _matches().order_by(Match.id.desc()).limit(limit)
    if party.kind != "operator":
        query = query.where((Match.seller_id == party.id) | (Match.buyer_id == party.id))
    if before is not None:
        query = query.where(Match.id < before)
    return [_view(row) for row in session.execute(query)]


def matches_of(session: Session, order: Lot | Demand) -> Sequence[MatchView]:
    """The matches of one order that stand, in the order in which they were made.

    One whose contract was declined, lapsed or cancelled no longer does.
    """
    ours = Match.lot_id == order.id if isinstance(order, Lot) else Match.demand_id == order.id
    standing = _matches().where(ours, Match.released_at.is_(None)).order_by(Match.id)
    return [_view(row) for row in session.execute(standing)]


def _matches() -> Select[Match, UUID, str]:
    return select(Match, Contract.id, Contract.number).join(Contract, Contract.match_id == Match.id)


def _view(row: Row[Match, UUID, str]) -> MatchView:
    match, contract_id, contract_number = row
    shown = {name: getattr(match, name) for name in MatchView.model_fields if hasattr(match, name)}
    return MatchView(
        **shown,
        quantity_kg=kilograms(match.quantity_g),
        distance_km=kilometres(match.distance_m),
        contract_id=contract_id,
        contract_number=contract_number,
    )

"""A small market to test with: parties, and orders that match unless a test says otherwise."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from matcher.book.demands import DemandPost, post_demand
from matcher.book.lots import LotPost, post_lot
from matcher.clock import today
from matcher.knowledge import Knowledge
from matcher.parties import PartyPost, add_party
from matcher.store.tables import Demand, Lot, Party

CHI_LANG = {"code": "06463", "vintage": "2025"}
HA_NOI = {"name": "Thành phố Hà Nội"}


def day(offset: int) -> str:
    """The ISO day `offset` days from today, in Việt Nam."""
    return (today() + timedelta(days=offset)).isoformat()


def lot_body(**changes: Any) -> dict[str, Any]:
    """One tonne of custard apple of Chi Lăng, picked in the next three days."""
    return {
        "crop": "custard_apple", "grade": "grade_1", "quantity_kg": 1000, "ask": 20_000,
        "harvest_from": day(0), "harvest_until": day(3), "place": CHI_LANG,
    } | changes  # fmt: skip


def demand_body(**changes: Any) -> dict[str, Any]:
    """One tonne of custard apple for Hà Nội within the next three days, at a good price."""
    return {
        "crop": "custard_apple", "min_grade": "grade_3", "quantity_kg": 1000, "bid": 40_000,
        "deliver_from": day(0), "deliver_until": day(3), "place": HA_NOI,
    } | changes  # fmt: skip


def party(session: Session, kind: str, name: str = "", **fields: Any) -> Party:
    return add_party(session, PartyPost(kind=kind, name=name or f"Tổ chức {kind}", **fields))


def lot(session: Session, seller: Party, knowledge: Knowledge, **changes: Any) -> Lot:
    return post_lot(session, seller, LotPost.model_validate(lot_body(**changes)), knowledge)


def demand(session: Session, buyer: Party, knowledge: Knowledge, **changes: Any) -> Demand:
    return post_demand(session, buyer, DemandPost.model_validate(demand_body(**changes)), knowledge)

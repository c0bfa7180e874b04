"""Tentative matches: what would be matched if the book froze now, and what an owner may know of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Demand, Lot, TentativeMatch
from matcher.trading.found import Found, Matches, Pair

Shown = tuple[int, int, int, datetime]
WRITTEN_AT_ONCE = 1000


class Outlook(BaseModel):
    """What this order would get if its book froze now. It moves with the market, and promises nothing."""

    order_id: UUID
    quantity_kg: Kilograms
    partners: int
    price_from: int | None = Field(description="the lowest price at the farm gate, đồng per kg")
    price_until: int | None = Field(description="the highest")
    distance_from_km: Kilograms | None
    distance_until_km: Kilograms | None
    first_freeze_at: datetime | None = Field(description="when the first of it becomes a match")
    last_freeze_at: datetime | None


def outlook(session: Session, order: Lot | Demand) -> Outlook:
    """The order's tentative matches in sum: no names, no single partner's price."""
    own = TentativeMatch.lot_id if isinstance(order, Lot) else TentativeMatch.demand_id
    price, distance, freeze = TentativeMatch.price, TentativeMatch.distance_m, TentativeMatch.freeze_at
    row = session.execute(
        select(
            func.coalesce(func.sum(TentativeMatch.quantity_g), 0), func.count(),
            func.min(price), func.max(price), func.min(distance), func.max(distance),
            func.min(freeze), func.max(freeze),
        ).where(own == order.id)
    ).one()  # fmt: skip
    return Outlook(
        order_id=order.id,
        quantity_kg=kilograms(int(row[0])),
        partners=row[1],
        price_from=row[2],
        price_until=row[3],
        distance_from_km=kilograms(row[4]) if row[1] else None,
        distance_until_km=kilograms(row[5]) if row[1] else None,
        first_freeze_at=row[6],
        last_freeze_at=row[7],
    )


def write_tentative(session: Session, crop: str, matches: Matches, moved: Collection[Pair] | None) -> None:
    """Makes the matches the crop's tentative ones, as far as `moved` goes; None: as far as need be."""
    rows = dict.fromkeys(moved) if moved is not None else _written(session, crop)
    gone = [pair for pair in rows if matches.get(pair) is None]
    for some in _parts(gone):
        pairs = tuple_(TentativeMatch.lot_id, TentativeMatch.demand_id)
        session.execute(delete(TentativeMatch).where(pairs.in_(some)))
    present = matches if moved is None else filter(None, map(matches.get, moved))
    changed = [_columns(found, crop) for found in present if rows.get(found.pair) != _shown(found)]
    for some in _parts(changed):
        write = insert(TentativeMatch).values(some)
        new = {column.name: column for column in write.excluded if column.name not in ("lot_id", "demand_id")}
        session.execute(write.on_conflict_do_update(index_elements=["lot_id", "demand_id"], set_=new))


def _written(session: Session, crop: str) -> dict[Pair, Shown | None]:
    table = TentativeMatch
    shown = select(
        table.lot_id, table.demand_id, table.quantity_g, table.price, table.distance_m, table.freeze_at
    )
    written = session.execute(shown.where(table.crop == crop))
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in written}


def _shown(found: Found) -> Shown:
    return found.quantity_g, found.price, found.distance_m, found.freeze_at


def _columns(found: Found, crop: str) -> dict[str, Any]:
    names = ("quantity_g", "price", "distance_m", "freeze_at")
    orders = {"lot_id": found.lot.id, "demand_id": found.demand.id, "crop": crop}
    return orders | dict(zip(names, _shown(found), strict=True))


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[first : first + WRITTEN_AT_ONCE] for first in range(0, len(items), WRITTEN_AT_ONCE)]

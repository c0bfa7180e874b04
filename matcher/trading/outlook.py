"""Tentative matches: what would be matched if the book froze now, and what an owner may know of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, literal, select, text
from sqlalchemy.orm import Session, aliased

from matcher.catalogue import load_catalogue
from matcher.fields import Kilograms, Kilometres, kilograms, kilometres
from matcher.store.session import settings_of
from matcher.store.tables import Book, Demand, Lot, Party, TentativeMatch
from matcher.trading.found import Found, Matches
from matcher.trading.standing import Moved

Shown = tuple[int, int, int, datetime]
COLUMNS = "lots", "demands", "quantities", "prices", "distances", "freezes"
# Whole columns at a time: a statement with a value for every row takes longer to build than to execute.
DELETE = text("""
    DELETE FROM tentative_match
    USING unnest(CAST(:lots AS uuid[]), CAST(:demands AS uuid[])) AS gone (lot, demand)
    WHERE lot_id = lot AND demand_id = demand
""")
UPSERT = text("""
    INSERT INTO tentative_match (lot_id, demand_id, crop, quantity_g, price, distance_m, freeze_at)
    SELECT lot, demand, :crop, quantity, price, distance, freezes_at
    FROM unnest(
        CAST(:lots AS uuid[]), CAST(:demands AS uuid[]), CAST(:quantities AS bigint[]),
        CAST(:prices AS bigint[]), CAST(:distances AS bigint[]), CAST(:freezes AS timestamptz[])
    ) AS new (lot, demand, quantity, price, distance, freezes_at)
    ON CONFLICT (lot_id, demand_id) DO UPDATE SET
        quantity_g = excluded.quantity_g, price = excluded.price, distance_m = excluded.distance_m,
        freeze_at = excluded.freeze_at
""")


class Outlook(BaseModel):
    """What this order would get if its book froze now. It moves with the market, and promises nothing."""

    order_id: UUID
    quantity_kg: Kilograms
    partners: int
    price_from: int | None = Field(description="the lowest price at the farm gate, đồng per kg")
    price_until: int | None = Field(description="the highest")
    distance_from_km: Kilometres | None
    distance_until_km: Kilometres | None
    first_freeze_at: datetime | None = Field(description="when the first of it becomes a match")
    last_freeze_at: datetime | None
    cleared_at: datetime | None = Field(description="as of when; null: its book was never cleared")


def outlook(session: Session, order: Lot | Demand) -> Outlook:
    """The order's tentative matches in sum: no names, no single partner's price.

    One withdrawn has none any more, though they are deleted by the next clearing only.
    """
    own = TentativeMatch.lot_id if isinstance(order, Lot) else TentativeMatch.demand_id
    price, distance, freeze = TentativeMatch.price, TentativeMatch.distance_m, TentativeMatch.freeze_at
    row = session.execute(
        select(
            func.coalesce(func.sum(TentativeMatch.quantity_g), 0), func.count(),
            func.min(price), func.max(price), func.min(distance), func.max(distance),
            func.min(freeze), func.max(freeze),
            select(Book.cleared_at).where(Book.crop == order.crop).scalar_subquery(),
        ).where(own == order.id, literal(order.state == "open"))
    ).one()  # fmt: skip
    return Outlook(
        order_id=order.id,
        quantity_kg=kilograms(int(row[0])),
        partners=row[1],
        price_from=row[2],
        price_until=row[3],
        distance_from_km=kilometres(row[4]) if row[1] else None,
        distance_until_km=kilometres(row[5]) if row[1] else None,
        first_freeze_at=row[6],
        last_freeze_at=row[7],
        cleared_at=row[8],
    )


class Freezing(NamedTuple):
    """A tentative match as operators see it: who they would have to ring up, and until when."""

    freeze_at: datetime
    quantity_g: int
    price: int
    distance_m: int
    crop: str
    seller: str
    buyer: str
    lot_id: UUID
    demand_id: UUID


def next_freezes(session: Session, crop: str | None, limit: int) -> list[Freezing]:
    """What would be matched for good next, the soonest first; of one crop, or of all.

    Raises NotFound for a crop unknown to the tentative matches and the catalogue.
    """
    seller, buyer, match = aliased(Party), aliased(Party), TentativeMatch
    query = (
        select(
            match.freeze_at, match.quantity_g, match.price, match.distance_m, match.crop,
            seller.name, buyer.name, match.lot_id, match.demand_id,
        )
        .join(Lot, Lot.id == match.lot_id).join(seller, seller.id == Lot.party_id)
        .join(Demand, Demand.id == match.demand_id).join(buyer, buyer.id == Demand.party_id)
        .where(Lot.state == "open", Demand.state == "open")
        .order_by(match.freeze_at, match.lot_id, match.demand_id).limit(limit)
    )  # fmt: skip
    found = session.execute(query if crop is None else query.where(match.crop == crop)).all()
    if crop is not None and not found:
        load_catalogue(settings_of(session).config_folder).crop(crop)
    return [Freezing(*row) for row in found]


def write_tentative(session: Session, crop: str, matches: Matches, moved: Moved | None) -> None:
    """Makes the matches the crop's tentative ones, as far as `moved` goes; None: as far as need be."""
    if moved is None:
        moved = _unlike(_written(session, crop), matches)
    if moved.gone:
        session.execute(DELETE, _arrays(("lots", "demands"), moved.gone))
    # Some may have been made for good meanwhile.
    present = [found for found in moved.changed if matches.get(found.pair) is found]
    if present:
        rows = [(found.lot.id.hex, found.demand.id.hex, *_shown(found)) for found in present]
        session.execute(UPSERT, _arrays(COLUMNS, rows) | {"crop": crop})


def _unlike(written: dict[tuple[UUID, UUID], Shown], matches: Matches) -> Moved:
    """What is to be written and deleted where so much is written."""
    wanted = {(found.lot.id, found.demand.id): found for found in matches}
    changed = [found for ids, found in wanted.items() if written.get(ids) != _shown(found)]
    return Moved(changed, [ids for ids in written if ids not in wanted])


def _arrays(names: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, str]:
    """The rows as an array literal for each column: a third of the time that a list of values takes."""
    columns = zip(*rows, strict=True)
    return {name: f"{{{','.join(map(str, column))}}}" for name, column in zip(names, columns, strict=True)}


def _written(session: Session, crop: str) -> dict[tuple[UUID, UUID], Shown]:
    table = TentativeMatch
    shown = select(
        table.lot_id, table.demand_id, table.quantity_g, table.price, table.distance_m, table.freeze_at
    )
    written = session.execute(shown.where(table.crop == crop))
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in written}


def _shown(found: Found) -> Shown:
    return found.quantity_g, found.price, found.distance_m, found.freeze_at

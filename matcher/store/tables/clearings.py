"""Clearings and the matches they found."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified
from matcher.store.tables.orders import Demand, Lot
from matcher.store.tables.parties import Party


class Clearing(Identified, Base):
    """One run over a book. `welfare` and `upper_bound` are đồng·g/kg, exact; `input` replays to `result`.

    A clearing with a `base_id` settled a change of a standing book: the `link`-th since that clearing of the
    whole book; its `input` is the change and its `result` what the change did.
    Clearings older than the column have no `result`.
    """

    __tablename__ = "clearing"
    __table_args__ = (
        CheckConstraint("welfare <= upper_bound", name="welfare_within_bound"),
        CheckConstraint("(base_id IS NULL) = (link = 0)", name="links_have_a_base"),
        UniqueConstraint("base_id", "link"),
    )

    crop: Mapped[str] = mapped_column(index=True)
    book_version: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    lots: Mapped[int]
    demands: Mapped[int]
    matches: Mapped[int]
    welfare: Mapped[int] = mapped_column(Numeric(40, 0))
    upper_bound: Mapped[int] = mapped_column(Numeric(40, 0))
    optimal: Mapped[bool]
    method: Mapped[str]
    base_id: Mapped[UUID | None] = mapped_column(ForeignKey("clearing.id"))
    link: Mapped[int] = mapped_column(server_default="0")
    input: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class TentativeMatch(Base):
    """What would be matched if the book froze now; takes nothing from its orders until its freeze."""

    __tablename__ = "tentative_match"

    # No foreign keys: hundreds are written for one new order, and each would lock two orders' rows.
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    demand_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    crop: Mapped[str] = mapped_column(index=True)
    quantity_g: Mapped[int]
    price: Mapped[int]
    distance_m: Mapped[int]
    freeze_at: Mapped[datetime]


class Match(Identified, Base):
    """kg of one lot promised to one demand; `released_at` is when its contract came to nothing, if it did."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("clearing_id", "lot_id", "demand_id"),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("price >= ask AND price + transport <= bid", name="price_between"),
    )

    clearing_id: Mapped[UUID] = mapped_column(ForeignKey("clearing.id"), index=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    crop: Mapped[str]
    quantity_g: Mapped[int]
    ask: Mapped[int]
    bid: Mapped[int]
    transport: Mapped[int]
    freshness_penalty: Mapped[int]
    price: Mapped[int]
    value: Mapped[int]
    distance_m: Mapped[int]
    pick_day: Mapped[date]
    leave_day: Mapped[date]
    delivery_day: Mapped[date]
    made_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    lot: Mapped[Lot] = relationship()
    demand: Mapped[Demand] = relationship()
    seller: Mapped[Party] = relationship(foreign_keys=seller_id)
    buyer: Mapped[Party] = relationship(foreign_keys=buyer_id)


class DeclinedPair(Base):
    """A copy of an order inherits whom that is not proposed to; for others their contract says it.

    Nor is a surplus proposed to the demand from whose contract it was left over.
    """

    __tablename__ = "declined_pair"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"), primary_key=True, index=True)
    crop: Mapped[str] = mapped_column(index=True)

"""Books, and the lots and demands in them."""

import secrets
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from matcher.store.tables.base import Base, Identified, Json, one_of


class Book(Base):
    """All open orders of one crop: `version` counts changes, `cleared_version` the last one cleared.

    `clearing_id` is the last clearing; `freeze_at` is when the first of the tentative matches becomes a
    match, null where there is none.
    `ran_out_at` is when a clearing of it last took longer than it may; `stands` says that it is kept solved.
    """

    __tablename__ = "book"
    __table_args__ = (
        CheckConstraint("cleared_version <= version", name="cleared_not_ahead"),
        Index("book_due", "changed_at", postgresql_where=text("version > cleared_version")),
        Index("book_freezing", "freeze_at"),
    )

    crop: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="0")
    cleared_version: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
    clearing_id: Mapped[UUID | None]
    freeze_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    ran_out_at: Mapped[datetime | None]
    stands: Mapped[bool] = mapped_column(server_default=false())


class Order(Identified):
    """What a lot and a demand have in common.

    `ranked_at` is what counts in ties: when it was posted, or earlier by its owner's track record.
    `changed_in` is the version of its book that its last change made; what a clearing takes is none.
    Whoever has `page_key`, which can not be guessed, may read its page.
    `called`: a part called of a frame agreement, its contract's alone and no order of the market.
    `quarantine` says why the clearing passes the order over, if it does: since when and on which error of
    ours, with its traceback, is told to operators.
    """

    crop: Mapped[str]
    quantity_g: Mapped[int]
    taken_g: Mapped[int] = mapped_column(server_default="0")
    remaining_g: Mapped[int] = mapped_column(Computed("quantity_g - taken_g", persisted=True))
    min_take_g: Mapped[int] = mapped_column(server_default="0")
    place_name: Mapped[str]
    place_code: Mapped[str | None]
    place_vintage: Mapped[str | None]
    latitude: Mapped[float]
    longitude: Mapped[float]
    state: Mapped[str] = mapped_column(server_default="open")
    called: Mapped[bool] = mapped_column(server_default=false())
    quarantine: Mapped[str | None]
    quarantined_at: Mapped[datetime | None]
    quarantine_traceback: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    posted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ranked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_in: Mapped[int] = mapped_column(server_default="0")
    decide_by: Mapped[datetime | None]
    expires_on: Mapped[date]
    page_key: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(16))


def order_rules(table: str) -> tuple[CheckConstraint | Index, ...]:
    return (
        one_of("state", "open", "filled", "withdrawn", "expired"),
        one_of("quarantine", "unreadable", "unclearable"),
        CheckConstraint("(quarantine IS NULL) = (quarantined_at IS NULL)", name="quarantined_since"),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("taken_g >= 0 AND taken_g <= quantity_g", name="never_oversold"),
        CheckConstraint("min_take_g >= 0 AND min_take_g <= quantity_g", name="min_take_within"),
        CheckConstraint("(state = 'filled') = (taken_g = quantity_g)", name="filled_when_all_taken"),
        CheckConstraint("NOT called OR state <> 'open'", name="called_never_open"),
        # PostgreSQL has days that Python has not: one such row, and its whole book could not be read.
        CheckConstraint(
            "expires_on < '9999-01-01' AND (decide_by < '9999-01-01') IS NOT FALSE", name="days_readable"
        ),
        Index(f"{table}_open", "crop", "id", postgresql_where=text("state = 'open'")),
        Index(f"{table}_expiring", "expires_on", postgresql_where=text("state = 'open'")),
        Index(f"{table}_of_party", "party_id", "id"),
        Index(f"{table}_changed", "crop", "changed_in"),
        Index(f"{table}_aside", "id", postgresql_where=text("quarantine IS NOT NULL")),
    )


class OrderNews(Identified, Base):
    """What happened to an order and its owner has yet to be told, from `due_at` on; then the row goes.

    The quantities and the day are those of the order when it happened; `by_owner`: its owner did it.
    """

    __tablename__ = "order_news"
    __table_args__ = (
        one_of("what", "posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired"),
    )

    order_id: Mapped[UUID]
    what: Mapped[str]
    version: Mapped[int]
    quantity_g: Mapped[int]
    remaining_g: Mapped[int]
    last_day: Mapped[date]
    by_owner: Mapped[bool]
    happened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)


class Lot(Order, Base):
    __tablename__ = "lot"
    __table_args__ = (
        *order_rules("lot"),
        one_of("storage", "ambient", "cool"),
        CheckConstraint("ask >= 0", name="ask_not_negative"),
        CheckConstraint(
            "harvest_from BETWEEN '1000-01-01' AND harvest_until AND harvest_until < '9999-01-01'",
            name="harvest_in_order",
        ),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    variety: Mapped[str | None]
    grade: Mapped[str]
    multiple_g: Mapped[int | None]
    ask: Mapped[int]
    harvest_from: Mapped[date]
    harvest_until: Mapped[date]
    storage: Mapped[str]
    certificates: Mapped[list[Json]]
    ocop_stars: Mapped[int | None]
    growing_area_code: Mapped[str | None]
    forecast: Mapped[bool]


class Demand(Order, Base):
    __tablename__ = "demand"
    __table_args__ = (
        *order_rules("demand"),
        CheckConstraint("bid >= 0", name="bid_not_negative"),
        CheckConstraint(
            "deliver_from BETWEEN '1000-01-01' AND deliver_until AND deliver_until < '9999-01-01'",
            name="delivery_in_order",
        ),
        CheckConstraint("min_fill_g >= 0 AND min_fill_g <= quantity_g", name="min_fill_within"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    varieties: Mapped[list[str]]
    min_grade: Mapped[str]
    min_fill_g: Mapped[int] = mapped_column(server_default="0")
    max_sellers: Mapped[int | None]
    bid: Mapped[int]
    deliver_from: Mapped[date]
    deliver_until: Mapped[date]
    max_distance_m: Mapped[int | None]
    certificates_required: Mapped[list[str]]
    min_ocop_stars: Mapped[int | None]
    market: Mapped[str]
    min_shelf_life_days: Mapped[int]

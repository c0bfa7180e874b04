"""Frame agreements and their calls."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified, Json, one_of


class Frame(Identified, Base):
    """A frame agreement for a season, drawn down by calls, or a memorandum of several parties."""

    __tablename__ = "frame"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        one_of("kind", "frame", "memorandum"),
        one_of("state", "draft", "agreed", "declined", "ended"),
    )

    series: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str]
    terms: Mapped[Json]
    drafted_at: Mapped[datetime]
    reason: Mapped[str | None]
    left_by: Mapped[UUID | None] = mapped_column(ForeignKey("party.id"))
    left_at: Mapped[datetime | None]
    version = 1  # it is signed as it is, or drafted anew
    sides: Mapped[list["FrameSide"]] = relationship(order_by="FrameSide.party_id")


class FrameSide(Base):
    """One party to a frame or memorandum, and its signature once it has signed.

    `particulars` are what else than its name the documents say of it: its own to give, by signing.
    """

    __tablename__ = "frame_side"

    frame_id: Mapped[UUID] = mapped_column(ForeignKey("frame.id"), primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True, index=True)
    signer: Mapped[str | None]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    address: Mapped[str | None]
    terms_hash: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    particulars: Mapped[Json | None]


class FrameCall(Base):
    """A contract that draws a part of a frame agreement."""

    __tablename__ = "frame_call"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    frame_id: Mapped[UUID] = mapped_column(ForeignKey("frame.id"), index=True)

"""Contracts, from draft to agreed, and what was printed of them."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified, Json, one_of

if TYPE_CHECKING:
    from matcher.store.tables.fulfilment import Dispute, GoodsDelivery, Payment


class ContractSeries(Base):
    """The last serial given in a series and year; its row lock keeps numbers without gaps."""

    __tablename__ = "contract_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_serial: Mapped[int]


CONTRACT_WAITING = "signature IN ('draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer')"


class Contract(Identified, Base):
    """Drafted from a match. Whoever has `page_key`, which can not be guessed, may read its page.

    `quantity_g` is what it takes of both its orders until it comes to nothing: that of its match, or what
    an amendment has made of it. `terms` are those of `version`; those of all versions are in its steps.
    """

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        one_of(
            "signature", "draft", "sent", "accepted_by_seller", "accepted_by_buyer", "agreed", "declined",
            "lapsed", "cancelled",
        ),
        one_of("fulfilment", "unfulfilled", "partly_delivered", "fulfilled", "short", "breached"),
        Index(
            "contract_partly_delivered", "id",
            postgresql_where=text("fulfilment = 'partly_delivered'"),
        ),
        Index("contract_waiting", "deadline_at", postgresql_where=text(CONTRACT_WAITING)),
        Index(
            "contract_lapsing", "remind_at",
            postgresql_where=text(f"reminded_at IS NULL AND {CONTRACT_WAITING}"),
        ),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        Index("contract_of_seller", "seller_id", "id"),
        Index("contract_of_buyer", "buyer_id", "id"),
    )  # fmt: skip

    match_id: Mapped[UUID] = mapped_column(ForeignKey("match.id"), unique=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    series: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    page_key: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(server_default="1")
    signature: Mapped[str] = mapped_column(server_default="draft")
    fulfilment: Mapped[str] = mapped_column(server_default="unfulfilled")
    quantity_g: Mapped[int]
    terms: Mapped[Json]
    drafted_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    remind_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    opened_by_seller_at: Mapped[datetime | None]
    opened_by_buyer_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    signatures: Mapped[list["Signature"]] = relationship(order_by="Signature.id")
    deliveries: Mapped[list["GoodsDelivery"]] = relationship(order_by="GoodsDelivery.position")
    payments: Mapped[list["Payment"]] = relationship(order_by="Payment.id")
    amendments: Mapped[list["Amendment"]] = relationship(order_by="Amendment.id")
    disputes: Mapped[list["Dispute"]] = relationship(order_by="Dispute.id")


class Signature(Identified, Base):
    """One side's acceptance of one version of a contract, on the hash of its terms."""

    __tablename__ = "signature"
    __table_args__ = (UniqueConstraint("contract_id", "version", "side"), one_of("side", "seller", "buyer"))

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    version: Mapped[int]
    side: Mapped[str]
    signer: Mapped[str]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    method: Mapped[str]
    address: Mapped[str]
    terms_hash: Mapped[str]
    signed_at: Mapped[datetime]


class Amendment(Identified, Base):
    """Other terms for a contract, proposed and so signed by one side; `version` is what they would be."""

    __tablename__ = "amendment"
    __table_args__ = (
        one_of("side", "seller", "buyer"),
        one_of("state", "open", "accepted", "declined", "countered", "withdrawn", "lapsed"),
        Index("amendment_open", "contract_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("amendment_lapsing", "deadline_at", postgresql_where=text("state = 'open'")),
        Index("amendment_of_contract", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    version: Mapped[int]
    side: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    terms: Mapped[Json]
    note: Mapped[str | None]
    signer: Mapped[str]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    address: Mapped[str]
    proposed_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Step(Base):
    """One step of the life of a contract or frame agreement, as it is proved.

    `hash` is over `statement`, which names the last one's. Steps are only ever added; the database refuses
    to change or delete one.
    """

    __tablename__ = "step"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    statement: Mapped[Json]
    hash: Mapped[str]


class SealKey(Base):
    """The public half of a key that documents are sealed with: its RFC 7638 thumbprint, and its JWK."""

    __tablename__ = "seal_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[Json]
    first_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]


class Document(Base):
    """A contract version as a page: asked for at `asked_at`, due until it is rendered."""

    __tablename__ = "document"
    __table_args__ = (
        Index("document_due", "contract_id", postgresql_where=text("rendered_at IS NULL")),
        CheckConstraint("(content IS NULL) = (rendered_at IS NULL)", name="rendered_whole"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    media_type: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]
    rendered_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]

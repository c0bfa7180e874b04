"""What was delivered and paid on a contract, and what is disputed of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified, Json, one_of


class Recorded:
    """What one side has recorded: the other may confirm it; withdrawn, it counts no more."""

    side: Mapped[str]
    recorded_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawal_reason: Mapped[str | None]


def withdrawn_for_a_reason() -> CheckConstraint:
    return CheckConstraint(
        "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
        " AND (withdrawn_at IS NULL) = (withdrawal_reason IS NULL)",
        name="withdrawn_for_a_reason",
    )


class GoodsDelivery(Identified, Recorded, Base):
    """One weigh ticket of a contract, in grams: the buyer took over net less rejected."""

    __tablename__ = "goods_delivery"
    __table_args__ = (
        UniqueConstraint("contract_id", "position"),
        one_of("side", "seller", "buyer"),
        CheckConstraint("tare_g >= 0 AND gross_g > tare_g", name="net_positive"),
        CheckConstraint("rejected_g >= 0 AND rejected_g <= gross_g - tare_g", name="rejected_within_net"),
        CheckConstraint("surplus_g >= 0 AND surplus_g <= rejected_g", name="surplus_within_rejected"),
        CheckConstraint("(rejected_g > 0) = (rejection_reason IS NOT NULL)", name="rejected_for_a_reason"),
        withdrawn_for_a_reason(),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    position: Mapped[int]
    ticket_number: Mapped[str]
    delivered_at: Mapped[datetime]
    gross_g: Mapped[int]
    tare_g: Mapped[int]
    net_g: Mapped[int] = mapped_column(Computed("gross_g - tare_g", persisted=True))
    rejected_g: Mapped[int]
    rejection_reason: Mapped[str | None]
    surplus_g: Mapped[int] = mapped_column(server_default="0")
    grades: Mapped[list[Json]]
    note: Mapped[str | None]
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id")


class Attachment(Identified, Base):
    """A photograph or PDF of a weigh ticket, or of the goods."""

    __tablename__ = "attachment"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("goods_delivery.id"), index=True)
    side: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_at: Mapped[datetime]


class Payment(Identified, Recorded, Base):
    """Money that went from buyer to seller, in whole đồng, as one side has recorded it."""

    __tablename__ = "payment"
    __table_args__ = (
        Index(
            "payment_recorded_once",
            "contract_id",
            "reference",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        one_of("side", "seller", "buyer"),
        CheckConstraint("amount > 0", name="amount_positive"),
        withdrawn_for_a_reason(),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    amount: Mapped[int]
    paid_on: Mapped[date]
    reference: Mapped[str]


class Dispute(Identified, Base):
    """What one side holds against the other about a contract, until it or an operator closes it.

    Each side has one open at a time.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("side", "seller", "buyer"),
        Index("dispute_open", "contract_id", "side", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("dispute_of_contract", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    side: Mapped[str]
    about: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]

"""Deliveries are weighed, payments and disputes written down"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
A_SIDE = "side IN ('seller', 'buyer')"


def upgrade() -> None:
    op.add_column("contract", sa.Column("disputed_by", sa.String(), nullable=True))
    op.create_check_constraint("disputed_by_known", "contract", "disputed_by IN ('seller', 'buyer')")
    op.create_index(
        "contract_partly_delivered", "contract", ["id"],
        postgresql_where=sa.text("fulfilment = 'partly_delivered'"),
    )  # fmt: skip
    _deliveries()
    _payments()
    _disputes()


def _of_contract() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("contract_id", sa.Uuid(), sa.ForeignKey("contract.id"), nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "goods_delivery",
        *_of_contract(),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("ticket_number", sa.String(), nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.Column("net_g", sa.BigInteger(), sa.Computed("gross_g - tare_g", persisted=True), nullable=False),
        sa.Column("rejected_g", sa.BigInteger(), nullable=False),
        sa.Column("rejection_reason", sa.String(), nullable=True),
        sa.Column("grades", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.UniqueConstraint("contract_id", "position"),
        sa.CheckConstraint(A_SIDE, name="side_known"),
        sa.CheckConstraint("tare_g >= 0 AND gross_g > tare_g", name="net_positive"),
        sa.CheckConstraint("rejected_g >= 0 AND rejected_g <= gross_g - tare_g", name="rejected_within_net"),
        sa.CheckConstraint("(rejected_g > 0) = (rejection_reason IS NOT NULL)", name="rejected_for_a_reason"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("delivery_id", sa.Uuid(), sa.ForeignKey("goods_delivery.id"), index=True, nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
    )


def _payments() -> None:
    op.create_table(
        "payment",
        *_of_contract(),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.UniqueConstraint("contract_id", "reference"),
        sa.CheckConstraint(A_SIDE, name="side_known"),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )


def _disputes() -> None:
    op.create_table(
        "dispute",
        *_of_contract(),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(A_SIDE, name="side_known"),
    )
    op.create_index(
        "dispute_open", "dispute", ["contract_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("dispute_of_contract", "dispute", ["contract_id"])

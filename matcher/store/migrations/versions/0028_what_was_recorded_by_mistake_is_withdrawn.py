"""Weigh tickets and payments that were recorded by mistake are withdrawn"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("goods_delivery", "payment"):
        op.add_column(table, sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("withdrawn_by", sa.String(), nullable=True))
        op.add_column(table, sa.Column("withdrawal_reason", sa.String(), nullable=True))
        op.create_check_constraint(
            "withdrawn_for_a_reason",
            table,
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
            " AND (withdrawn_at IS NULL) = (withdrawal_reason IS NULL)",
        )
    op.drop_constraint("payment_contract_id_reference_key", "payment")
    op.create_index(
        "payment_recorded_once",
        "payment",
        ["contract_id", "reference"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )

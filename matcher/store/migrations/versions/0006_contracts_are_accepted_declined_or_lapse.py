"""Contracts are accepted, declined or lapse"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
WAITING = "signature IN ('draft', 'accepted_by_seller', 'accepted_by_buyer')"


def upgrade() -> None:
    op.add_column("match", sa.Column("released_at", INSTANT, nullable=True))
    op.add_column("contract", sa.Column("moved_at", INSTANT, nullable=True))
    op.add_column("contract", sa.Column("reason", sa.String(), nullable=True))
    op.create_index("contract_waiting", "contract", ["deadline_at"], postgresql_where=sa.text(WAITING))
    op.create_table(
        "signature",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("contract_id", sa.Uuid(), sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("terms_hash", sa.String(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.UniqueConstraint("contract_id", "version", "side"),
        sa.CheckConstraint("side IN ('seller', 'buyer')", name="side_known"),
    )

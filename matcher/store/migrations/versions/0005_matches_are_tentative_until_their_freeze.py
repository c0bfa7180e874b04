"""Matches are tentative until their freeze"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tentative_match",
        sa.Column("lot_id", sa.Uuid(), sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("demand_id", sa.Uuid(), sa.ForeignKey("demand.id"), primary_key=True),
        sa.Column("crop", sa.String(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("distance_m", sa.BigInteger(), nullable=False),
        sa.Column("freeze_at", INSTANT, nullable=False),
    )
    op.create_index("ix_tentative_match_demand_id", "tentative_match", ["demand_id"])
    op.create_index("ix_tentative_match_crop", "tentative_match", ["crop"])
    op.add_column("book", sa.Column("freeze_at", INSTANT, nullable=True))
    op.create_index("book_freezing", "book", ["freeze_at"])
    for orders in ("lot", "demand"):
        op.add_column(
            orders, sa.Column("changed_at", INSTANT, server_default=sa.text("now()"), nullable=False)
        )
        op.add_column(orders, sa.Column("decide_by", INSTANT, nullable=True))
        op.execute(f"UPDATE {orders} SET changed_at = posted_at")  # noqa: S608

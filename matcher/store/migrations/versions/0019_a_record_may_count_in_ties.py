"""An order's rank in ties may be earlier than its posting, by its owner's track record"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    for orders in ("lot", "demand"):
        op.add_column(orders, sa.Column("ranked_at", instant, server_default=sa.func.now(), nullable=False))
        op.execute(f"UPDATE {orders} SET ranked_at = posted_at")  # noqa: S608  # our own two tables

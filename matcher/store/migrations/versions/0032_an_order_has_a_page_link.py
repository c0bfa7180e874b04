# ruff: noqa: S608  # the words put into statements are this project's own
"""An order has a page link"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("lot", "demand"):
        op.add_column(table, sa.Column("page_key", sa.String(), nullable=True))
        op.execute(f"UPDATE {table} SET page_key = replace(gen_random_uuid()::text, '-', '')")
        op.alter_column(table, "page_key", nullable=False)
        op.create_unique_constraint(f"{table}_page_key_key", table, ["page_key"])
        op.execute(
            "UPDATE event SET data = data || jsonb_build_object('order_page', '/o/' || o.page_key)"
            f" FROM {table} o WHERE kind LIKE 'order.%' AND subject_id = o.id"
        )

"""A book is kept standing: clearings may settle a change of it alone"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for orders in ("lot", "demand"):
        op.add_column(orders, sa.Column("changed_in", sa.BigInteger(), server_default="0", nullable=False))
        op.create_index(f"{orders}_changed", orders, ["crop", "changed_in"])
    op.add_column("book", sa.Column("clearing_id", sa.Uuid(), nullable=True))
    op.add_column("clearing", sa.Column("base_id", sa.Uuid(), sa.ForeignKey("clearing.id"), nullable=True))
    op.add_column("clearing", sa.Column("link", sa.BigInteger(), server_default="0", nullable=False))
    op.create_unique_constraint(None, "clearing", ["base_id", "link"])
    op.create_check_constraint("links_have_a_base", "clearing", "(base_id IS NULL) = (link = 0)")

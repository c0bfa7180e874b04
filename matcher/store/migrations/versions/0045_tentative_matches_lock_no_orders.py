"""Tentative matches are written without locking the orders they are of; no order is ever deleted"""

from collections.abc import Sequence

from alembic import op

revision: str = "0045"
down_revision: str | None = "0042"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for side in ("lot", "demand"):
        op.drop_constraint(f"tentative_match_{side}_id_fkey", "tentative_match", type_="foreignkey")

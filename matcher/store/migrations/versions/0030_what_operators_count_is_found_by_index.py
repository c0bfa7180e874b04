"""What operators count is found by index: orders set aside, dead letters"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0026"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("lot", "demand"):
        aside = sa.text("quarantine IS NOT NULL")
        op.create_index(f"{table}_aside", table, ["id"], postgresql_where=aside)
    op.create_index("delivery_dead", "delivery", ["id"], postgresql_where=sa.text("state = 'dead'"))

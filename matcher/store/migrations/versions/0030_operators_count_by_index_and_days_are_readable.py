"""What operators count is found by index; days that can not be read are refused"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table, window, first, last in (
        ("lot", "harvest_in_order", "harvest_from", "harvest_until"),
        ("demand", "delivery_in_order", "deliver_from", "deliver_until"),
    ):
        op.drop_constraint(window, table)
        in_order = f"{first} BETWEEN '1000-01-01' AND {last} AND {last} < '9999-01-01'"
        op.create_check_constraint(window, table, in_order)
        readable = "expires_on < '9999-01-01' AND (decide_by < '9999-01-01') IS NOT FALSE"
        op.create_check_constraint("days_readable", table, readable)
        aside = sa.text("quarantine IS NOT NULL")
        op.create_index(f"{table}_aside", table, ["id"], postgresql_where=aside)
    op.create_index("delivery_dead", "delivery", ["id"], postgresql_where=sa.text("state = 'dead'"))

"""Why an order was set aside is kept whole, and when a clearing ran out of time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("book", sa.Column("ran_out_at", INSTANT, nullable=True))
    for orders in ("lot", "demand"):
        op.add_column(orders, sa.Column("quarantined_at", INSTANT, nullable=True))
        op.add_column(orders, sa.Column("quarantine_traceback", sa.String(), nullable=True))
        # Until now the column held the error's one line, which owners were shown.
        op.execute(f"""
            UPDATE {orders} SET quarantine_traceback = quarantine, quarantine = 'unreadable',
                quarantined_at = coalesce((
                    SELECT max(occurred_at) FROM event
                    WHERE subject_id = {orders}.id AND kind = 'order.quarantined'
                ), now())
            WHERE quarantine IS NOT NULL""")  # noqa: S608
        op.create_check_constraint("quarantine_known", orders, "quarantine IN ('unreadable', 'unclearable')")
        op.create_check_constraint(
            "quarantined_since", orders, "(quarantine IS NULL) = (quarantined_at IS NULL)"
        )

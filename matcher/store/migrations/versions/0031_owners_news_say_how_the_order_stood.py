# ruff: noqa: S608  # the words put into statements are this project's own
"""What an owner has yet to be told says how the order stood when it happened, and whether the owner did it"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OWN_ACTS = "('posted', 'amended', 'withdrawn')"
ADDED: tuple[sa.Column[Any], ...] = (
    sa.Column("quantity_g", sa.BigInteger(), nullable=True),
    sa.Column("remaining_g", sa.BigInteger(), nullable=True),
    sa.Column("last_day", sa.Date(), nullable=True),
    sa.Column("by_owner", sa.Boolean(), nullable=True),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("order_news", column)
    # How the order stood then is not known any more; how it stands now was told so far.
    for table in ("lot", "demand"):
        op.execute(
            "UPDATE order_news SET quantity_g = o.quantity_g, remaining_g = o.remaining_g,"
            f" last_day = o.expires_on, by_owner = what IN {OWN_ACTS} FROM {table} o WHERE o.id = order_id"
        )
    for column in ADDED:
        op.alter_column("order_news", column.name, nullable=False)
    op.execute(
        "UPDATE event SET data = data || jsonb_build_object('by_owner', substr(kind, 7) IN "
        f"{OWN_ACTS}) WHERE kind LIKE 'order.%' AND kind <> 'order.quarantined'"
    )

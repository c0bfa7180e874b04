"""Events have a position in the feed, given once they are committed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("event", sa.Column("position", sa.BigInteger(), nullable=True))
    op.create_index("event_position", "event", ["position"], unique=True)
    op.create_index("event_without_position", "event", ["id"], postgresql_where=sa.text("position IS NULL"))
    op.create_index("notice_of_event", "notice", ["party_id", "event_id"])

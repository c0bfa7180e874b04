"""A party marks its notices as read"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("notice_unread", "notice", ["party_id"], postgresql_where=sa.text("read_at IS NULL"))

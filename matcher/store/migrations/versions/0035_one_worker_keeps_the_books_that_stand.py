"""One worker keeps the books that stand"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("book", sa.Column("stands", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Most of what is written here changes nothing that an index knows: there is room for it on the same page.
    op.execute("ALTER TABLE tentative_match SET (fillfactor = 50)")

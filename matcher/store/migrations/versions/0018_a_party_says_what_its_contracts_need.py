"""A party says what its contracts need: who signs for it, where it is paid, where it grows"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for column in ("position", "authority", "bank_account", "bank", "growing_area_code"):
        op.add_column("party", sa.Column(column, sa.String(), nullable=True))

"""A contract has a page link"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("page_key", sa.String(), nullable=True))
    op.execute("UPDATE contract SET page_key = replace(gen_random_uuid()::text, '-', '')")
    op.alter_column("contract", "page_key", nullable=False)
    op.create_unique_constraint("contract_page_key_key", "contract", ["page_key"])

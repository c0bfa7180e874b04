"""A copy of an order inherits whom that is not proposed to"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "declined_pair",
        sa.Column("lot_id", sa.Uuid(), sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("demand_id", sa.Uuid(), sa.ForeignKey("demand.id"), primary_key=True, index=True),
        sa.Column("crop", sa.String(), nullable=False, index=True),
    )

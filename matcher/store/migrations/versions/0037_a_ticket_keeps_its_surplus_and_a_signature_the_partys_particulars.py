"""A ticket keeps its surplus, and a signature the party's particulars"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0037"
down_revision: str | None = "0035"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "goods_delivery", sa.Column("surplus_g", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_check_constraint(
        "surplus_within_rejected", "goods_delivery", "surplus_g >= 0 AND surplus_g <= rejected_g"
    )
    op.add_column("frame_side", sa.Column("particulars", JSONB(), nullable=True))

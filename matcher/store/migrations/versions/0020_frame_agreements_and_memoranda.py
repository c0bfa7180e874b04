"""Frame agreements for a season, drawn down by calls, and memoranda of several parties"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "frame",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("drafted_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("left_by", sa.Uuid(), sa.ForeignKey("party.id"), nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.UniqueConstraint("series", "year", "serial"),
        sa.CheckConstraint("kind IN ('frame', 'memorandum')", name="kind_known"),
        sa.CheckConstraint("state IN ('draft', 'agreed', 'declined', 'ended')", name="state_known"),
    )
    op.create_table(
        "frame_side",
        sa.Column("frame_id", sa.Uuid(), sa.ForeignKey("frame.id"), primary_key=True),
        sa.Column("party_id", sa.Uuid(), sa.ForeignKey("party.id"), primary_key=True, index=True),
        sa.Column("signer", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("terms_hash", sa.String(), nullable=True),
        sa.Column("signed_at", INSTANT, nullable=True),
    )
    op.create_table(
        "frame_call",
        sa.Column("contract_id", sa.Uuid(), sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("frame_id", sa.Uuid(), sa.ForeignKey("frame.id"), index=True, nullable=False),
    )

"""Each side confirms what the other recorded, and may have a dispute of its own"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("goods_delivery", "payment"):
        op.add_column(table, sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("dispute_open", "dispute")
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "dispute_open", "dispute", ["contract_id", "side"], unique=True, postgresql_where=still_open
    )
    op.drop_column("contract", "disputed_by")
    # Versions are superseded; no contract ever was.
    op.drop_constraint("signature_known", "contract")
    states = "'draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer', 'agreed', 'declined', 'lapsed', 'cancelled'"
    op.create_check_constraint("signature_known", "contract", f"signature IN ({states})")

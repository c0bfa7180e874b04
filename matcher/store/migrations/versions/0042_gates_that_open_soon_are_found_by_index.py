"""Gates of endpoints with a pace that open soon are found by index"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0039"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    paced = sa.text("per_minute IS NOT NULL")
    op.create_index("endpoint_gate", "endpoint", ["rests_until"], postgresql_where=paced)

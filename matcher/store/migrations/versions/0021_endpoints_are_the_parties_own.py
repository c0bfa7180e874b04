"""Endpoints choose events, change their secret, are disabled; a delivery's schedule may begin anew"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("former_secret", "disabled_reason"):
        op.add_column("endpoint", sa.Column(name, sa.String(), nullable=True))
    for name in ("former_secret_until", "disabled_at", "failing_since"):
        op.add_column("endpoint", sa.Column(name, INSTANT, nullable=True))
    op.add_column("endpoint", sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=True))
    reasons = "disabled_reason IN ('owner', 'gone', 'failing')"
    op.create_check_constraint("disabled_reason_known", "endpoint", reasons)
    disabled = "(disabled_at IS NULL) = (disabled_reason IS NULL)"
    op.create_check_constraint("disabled_for_a_reason", "endpoint", disabled)
    op.add_column("delivery", sa.Column("queued_at", INSTANT, server_default=sa.func.now(), nullable=False))
    # A schedule that is running keeps the attempts it has made.
    op.execute(
        "UPDATE delivery d SET queued_at = e.occurred_at FROM notice n JOIN event e ON e.id = n.event_id"
        " WHERE n.id = d.notice_id"
    )

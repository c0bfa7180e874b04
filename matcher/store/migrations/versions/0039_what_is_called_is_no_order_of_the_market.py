"""What is called of a frame agreement is no order of the market"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0037"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("lot", "demand"):
        op.add_column(table, sa.Column("called", sa.Boolean(), server_default=sa.false(), nullable=False))
        op.execute(
            f"""UPDATE {table} SET called = true WHERE id IN (
                SELECT m.{table}_id FROM match m JOIN contract c ON c.match_id = m.id
                JOIN frame_call f ON f.contract_id = c.id)"""  # noqa: S608
        )
        # What contracts that came to nothing had put on the market leaves it, and the books hear of it.
        op.execute(
            f"""UPDATE book SET version = version + 1, changed_at = now()
                WHERE crop IN (SELECT crop FROM {table} WHERE called AND state = 'open')"""  # noqa: S608
        )
        op.execute(
            f"""UPDATE {table} o SET state = 'withdrawn', version = o.version + 1, changed_in = b.version
                FROM book b WHERE b.crop = o.crop AND o.called AND o.state = 'open'"""  # noqa: S608
        )
        op.create_check_constraint("called_never_open", table, "NOT called OR state <> 'open'")

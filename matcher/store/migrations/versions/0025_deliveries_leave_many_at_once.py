"""Deliveries leave many at once, a few to each endpoint, and are signed by a key that can be published"""

import base64
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _endpoints()
    endpoint = sa.ForeignKey("endpoint.id", name="delivery_endpoint_id_fkey", ondelete="SET NULL")
    op.add_column("delivery", sa.Column("endpoint_id", sa.Uuid(), endpoint, nullable=True))
    op.add_column("delivery", sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        "UPDATE delivery d SET endpoint_id = e.id FROM notice n JOIN endpoint e ON e.party_id = n.party_id"
        " WHERE n.id = d.notice_id AND d.channel = 'webhook' AND e.url = d.address"
    )
    op.execute(
        "UPDATE delivery d SET tries = (SELECT count(*) FROM attempt a"
        " WHERE a.delivery_id = d.id AND a.finished_at >= d.queued_at)"
    )
    op.drop_index("delivery_due", "delivery")
    op.drop_column("delivery", "queued_at")
    op.drop_column("delivery", "rung_at")
    op.create_index(
        "delivery_due",
        "delivery",
        ["channel", "due_at"],
        postgresql_where=sa.text("state = 'due' AND endpoint_id IS NULL"),
    )
    op.create_index(
        "delivery_due_at_endpoint",
        "delivery",
        ["endpoint_id", "due_at"],
        postgresql_where=sa.text("state = 'due' AND endpoint_id IS NOT NULL"),
    )
    op.create_index("ix_delivery_endpoint_id", "delivery", ["endpoint_id"])


def _endpoints() -> None:
    for column in (
        sa.Column("signing_key", sa.String(), nullable=True),
        sa.Column("former_signing_key", sa.String(), nullable=True),
        sa.Column("per_minute", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rests_until", INSTANT, nullable=True),
    ):
        op.add_column("endpoint", column)
    endpoint = sa.table("endpoint", sa.column("id", sa.Uuid()), sa.column("signing_key", sa.String()))
    connection = op.get_bind()
    for (endpoint_id,) in connection.execute(sa.select(endpoint.c.id)).all():
        key = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
        own = endpoint.update().where(endpoint.c.id == endpoint_id)
        connection.execute(own.values(signing_key=f"whsk_{key}"))
    op.alter_column("endpoint", "signing_key", nullable=False)

"""Persons are told, each in their way: contacts by mail, SMS and Zalo take the place of preferences"""

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from matcher.store.identifiers import uuid7

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("party_id", sa.Uuid(), sa.ForeignKey("party.id"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("digest_at", sa.Time(), nullable=True),
        sa.Column("at_once", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.Column("bounced_at", INSTANT, nullable=True),
        sa.Column("bounce", sa.String(), nullable=True),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("party_id", "channel", "address", name="contact_party_id_channel_address_key"),
        sa.UniqueConstraint("token", name="contact_token_key"),
        sa.CheckConstraint("channel IN ('email', 'sms', 'zalo')", name="channel_known"),
        sa.CheckConstraint("language IN ('vi', 'en')", name="language_known"),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_has_both_ends"),
    )
    _contacts_of_parties()
    op.drop_table("preference")
    _deliveries()


def _contacts_of_parties() -> None:
    connection = op.get_bind()
    told = connection.execute(
        sa.text(
            "SELECT p.id AS party_id, p.email AS address, mail_kinds AS kinds, quiet_from, quiet_until"
            " FROM party p LEFT JOIN preference w ON w.party_id = p.id WHERE p.email IS NOT NULL"
        )
    ).mappings()
    for row in told.all():
        connection.execute(
            sa.text(
                "INSERT INTO contact (id, party_id, channel, address, kinds, quiet_from, quiet_until, token)"
                " VALUES (:id, :party_id, 'email', :address, :kinds, :quiet_from, :quiet_until, :token)"
            ),
            {**row, "id": uuid7(), "token": secrets.token_urlsafe(18)},
        )


def _deliveries() -> None:
    contact = sa.ForeignKey("contact.id", name="delivery_contact_id_fkey", ondelete="SET NULL")
    op.add_column("delivery", sa.Column("contact_id", sa.Uuid(), contact, nullable=True))
    op.add_column("delivery", sa.Column("digest", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("delivery", sa.Column("mail_id", sa.Uuid(), nullable=True))
    op.add_column("delivery", sa.Column("provider_id", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("arrived_at", INSTANT, nullable=True))
    op.execute(
        "UPDATE delivery d SET contact_id = c.id FROM notice n JOIN contact c ON c.party_id = n.party_id"
        " WHERE n.id = d.notice_id AND d.channel = c.channel AND d.address = c.address"
    )
    op.create_index("ix_delivery_contact_id", "delivery", ["contact_id"])
    op.drop_index("delivery_due", "delivery")
    op.create_index(
        "delivery_due",
        "delivery",
        ["channel", "digest", "due_at"],
        postgresql_where=sa.text("state = 'due' AND endpoint_id IS NULL"),
    )
    for name, column in (("delivery_in_mail", "mail_id"), ("delivery_at_provider", "provider_id")):
        op.create_index(name, "delivery", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.drop_constraint("channel_known", "delivery")
    op.drop_constraint("state_known", "delivery")
    op.create_check_constraint("channel_known", "delivery", "channel IN ('webhook', 'email', 'sms', 'zalo')")
    op.create_check_constraint(
        "state_known", "delivery", "state IN ('due', 'delivered', 'dead', 'withdrawn')"
    )

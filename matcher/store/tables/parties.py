"""Parties, their keys, and where they are told."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified, one_of


class Party(Identified, Base):
    __tablename__ = "party"
    __table_args__ = (one_of("kind", "producer", "buyer", "operator"), one_of("language", "vi", "en"))

    kind: Mapped[str]
    name: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="vi")
    email: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    tax_code: Mapped[str | None]
    representative: Mapped[str | None]
    position: Mapped[str | None]
    authority: Mapped[str | None]
    bank_account: Mapped[str | None]
    bank: Mapped[str | None]
    growing_area_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(Identified, Base):
    __tablename__ = "api_key"

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class Endpoint(Identified, Base):
    """Where a party's webhooks go; `secret` signs them (Standard Webhooks, `whsec_` and base64).

    `signing_key` signs them too (`whsk_`, Ed25519). `kinds` are the events it wants, null for all, and
    `per_minute` how many at most. `failing_since` is null while attempts succeed; `failures` were in a row,
    and nothing is sent before `rests_until`.
    """

    __tablename__ = "endpoint"
    __table_args__ = (
        UniqueConstraint("party_id", "url"),
        one_of("disabled_reason", "owner", "gone", "failing"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"),
        Index("endpoint_gate", "rests_until", postgresql_where=text("per_minute IS NOT NULL")),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    url: Mapped[str]
    secret: Mapped[str]
    signing_key: Mapped[str]
    former_secret: Mapped[str | None]
    former_signing_key: Mapped[str | None]
    former_secret_until: Mapped[datetime | None]
    kinds: Mapped[list[str] | None]
    per_minute: Mapped[int | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    rests_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Identified, Base):
    """Where a person of a party is told; times of day are those of Việt Nam.

    `kinds` are the events wanted, null for all but the party's own acts, as far as the channel can carry
    them. With `digest_at` one mail a day, but for the kinds `at_once`.
    `token` stands in the link that stops its mails, at `stopped_at`. `bounce` is what was answered when it
    was found that nothing arrives there, at `bounced_at`; then nothing more is sent there.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("party_id", "channel", "address"),
        one_of("channel", "email", "sms", "zalo"),
        one_of("language", "vi", "en"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_has_both_ends"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    channel: Mapped[str]
    address: Mapped[str]
    name: Mapped[str | None]
    language: Mapped[str | None]
    kinds: Mapped[list[str] | None]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    digest_at: Mapped[time | None]
    at_once: Mapped[list[str] | None]
    token: Mapped[str] = mapped_column(unique=True)
    stopped_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    party: Mapped[Party] = relationship()

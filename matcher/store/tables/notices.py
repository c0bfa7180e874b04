"""Who is told what, on which channel, and whether it arrived."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher.store.tables.base import Base, Identified, Json, one_of
from matcher.store.tables.parties import Party


class Event(Identified, Base):
    """Something that happened to an order or a contract; who is told is in its notices.

    `position` is its place in the feed, null until it is given one after its commit.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "subject_version"),
        Index("event_position", "position", unique=True),
        Index("event_without_position", "id", postgresql_where=text("position IS NULL")),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    subject_version: Mapped[int]
    data: Mapped[Json]
    occurred_at: Mapped[datetime]
    position: Mapped[int | None]


class Notice(Identified, Base):
    """What one party is told about one event; `read_at` is when it said that it had read it."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "party_id"),
        Index("notice_of_party", "party_id", "id"),
        Index("notice_of_event", "party_id", "event_id"),
        Index("notice_unread", "party_id", postgresql_where=text("read_at IS NULL")),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    read_at: Mapped[datetime | None]
    event: Mapped[Event] = relationship()
    party: Mapped[Party] = relationship()
    deliveries: Mapped[list["Delivery"]] = relationship(back_populates="notice", order_by="Delivery.id")


class Delivery(Identified, Base):
    """One notice on one channel: due until it is delivered or, after its last attempt, dead-lettered.

    It is withdrawn if what it tells was over before it left. `tries` are the attempts of its schedule, which
    begins anew when it is asked for again. Without endpoint and contact it is to an address that was removed.
    A `digest`, which always has a contact, leaves in one mail with others, those with the same `mail_id`.
    Delivered means that the other side has taken it over, first at `delivered_at`; asked for again it
    is due once more, and delivered in the end, never withdrawn or dead. Where that is a gateway, it knows it
    by `provider_id`, and reports its arrival at `arrived_at`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel", "address"),
        one_of("channel", "webhook", "email", "sms", "zalo"),
        one_of("state", "due", "delivered", "dead", "withdrawn"),
        Index(
            "delivery_due",
            "channel",
            "digest",
            "due_at",
            postgresql_where=text("state = 'due' AND endpoint_id IS NULL"),
        ),
        Index(
            "delivery_due_at_endpoint",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'due' AND endpoint_id IS NOT NULL"),
        ),
        Index("delivery_in_mail", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
        Index("delivery_at_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
        Index("delivery_dead", "id", postgresql_where=text("state = 'dead'")),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    channel: Mapped[str]
    address: Mapped[str]
    endpoint_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("endpoint.id", ondelete="SET NULL"), index=True
    )
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    digest: Mapped[bool] = mapped_column(server_default=text("false"))
    mail_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="due")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(server_default="0")
    delivered_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    arrived_at: Mapped[datetime | None]
    notice: Mapped[Notice] = relationship(back_populates="deliveries")
    attempts: Mapped[list["Attempt"]] = relationship(order_by="Attempt.id")


class Attempt(Identified, Base):
    """One try at a delivery: what the other side answered, in its words, cut short."""

    __tablename__ = "attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    succeeded: Mapped[bool]
    answer: Mapped[str]

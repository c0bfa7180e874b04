"""What the service keeps of its own running."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from matcher.store.tables.base import Base, Json, one_of


class KeptAnswer(Base):
    """The first answer to a party's Idempotency-Key; empty only within the transaction that gives it."""

    __tablename__ = "kept_answer"

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[Json] = mapped_column(server_default="{}")
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Heartbeat(Base):
    """A worker or scheduler says here, every few seconds, that it lives."""

    __tablename__ = "heartbeat"
    __table_args__ = (one_of("kind", "worker", "scheduler"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    queues: Mapped[list[str]]
    beaten_at: Mapped[datetime]

"""What every table has."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from matcher.store.identifiers import uuid7

Json = dict[str, Any]


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy's own name, read once
        int: BigInteger,
        datetime: DateTime(timezone=True),
        Json: JSONB,
        list[Json]: JSONB,
        list[str]: ARRAY(String),
    }


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


class Identified:
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)

"""What the checker says, and how it reads rows."""

from dataclasses import dataclass
from typing import Any

import psycopg

INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "caught up")
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Violation:
    """One thing that is broken; `sentence` names it and its ids. `invariant` is one of INVARIANTS."""

    invariant: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}"


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """Raises psycopg.Error."""
    return connection.execute(query.encode()).fetchall()

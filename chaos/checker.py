"""Says what is broken after a run, from the rows, the load's answers and what the receivers were sent.

It shares no code with the service: plain SQL, JSON and NumPy archives.
"""

from collections.abc import Sequence

from chaos.clearings import clearings
from chaos.evidence import Evidence
from chaos.laws import ALWAYS, CAUGHT_UP, Law
from chaos.outside import amendments, deliveries, posts, privacy
from chaos.violations import Connection, Violation, rows


def check(connection: Connection, evidence: Evidence) -> list[Violation]:
    """Everything, once the run has ended and all is caught up. Raises psycopg.Error."""
    return [
        *check_always(connection),
        *not_caught_up(connection),
        *posts(connection, evidence),
        *amendments(connection, evidence),
        *deliveries(connection, evidence),
        *clearings(connection),
        *privacy(connection, evidence),
    ]


def check_always(connection: Connection) -> list[Violation]:
    """What must hold at every instant, whatever is under way."""
    return _broken(connection, ALWAYS)


def not_caught_up(connection: Connection) -> list[Violation]:
    """What is still to be cleared, told, rendered, lapsed or expired."""
    return _broken(connection, [*CAUGHT_UP.values()])


def backlog(connection: Connection) -> dict[str, int]:
    """How much is still to be done, by kind of work; nothing where there is none."""
    left = {kind: len(rows(connection, law.query)) for kind, law in CAUGHT_UP.items()}
    return {kind: count for kind, count in left.items() if count}


def _broken(connection: Connection, laws: Sequence[Law]) -> list[Violation]:
    return [
        Violation(law.invariant, law.broken.format(*row))
        for law in laws
        for row in connection.execute(law.query.encode()).fetchall()
    ]

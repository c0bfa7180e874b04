"""Says what is broken after a run, from the rows, the load's answers and what the receivers were sent.

It shares no code with the service: plain SQL, JSON and NumPy archives.
"""

import io
import json
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

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
        *_clearings(connection),
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


def _clearings(connection: Connection) -> list[Violation]:
    """I5: a clearing's stored result is its matches, to the gram and the đồng, of the orders in its input."""
    found = []
    made: dict[str, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for clearing, lot, demand, quantity_g, price in rows(
        connection, "SELECT clearing_id, lot_id, demand_id, quantity_g, price FROM match"
    ):
        made[str(clearing)][str(lot), str(demand)] = (quantity_g, price)
    for clearing, given, result in connection.execute("SELECT id, input, result FROM clearing"):
        if result is None or given is None:
            found.append(Violation("I5", f"clearing {clearing} has no stored input or result"))
            continue
        if _stored(given, result) != made.get(str(clearing), {}):
            found.append(
                Violation("I5", f"clearing {clearing}: its matches are not those of its stored result")
            )
    return found


def _stored(given: bytes, result: bytes) -> dict[tuple[str, str], tuple[int, int]]:
    with np.load(io.BytesIO(given), allow_pickle=False) as archive:
        words = json.loads(archive["words"].tobytes())
    with np.load(io.BytesIO(result), allow_pickle=False) as archive:
        columns = [archive[name].tolist() for name in ("lot", "demand", "quantity", "price")]
    return {
        (words["lot_ids"][lot], words["demand_ids"][demand]): (quantity, price)
        for lot, demand, quantity, price in zip(*columns, strict=True)
    }

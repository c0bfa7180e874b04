"""Holding a clearing up in the middle, and knowing that it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from matcher.store.session import Ledger
from matcher.store.tables import Lot
from tests.servers.helpers import eventually

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def held(ledger: Ledger, lot_id: UUID) -> Iterator[None]:
    """Holds a lot's row, so that who clears its book waits for it."""
    with ledger.transaction() as session:
        session.get_one(Lot, lot_id, with_for_update=True)
        yield


def wait_for_waiting(ledger: Ledger, count: int = 1) -> None:
    """Returns once so many transactions wait for a row that another holds."""

    def waiting() -> bool:
        with ledger.transaction() as session:
            return bool(session.scalar(text(WAITING)) == count)

    eventually(waiting)

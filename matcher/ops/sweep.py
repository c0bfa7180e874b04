"""The sweep: finds all work that is overdue by query alone, and rings for it again."""

from datetime import timedelta

from config.settings import Settings
from matcher.book.orders import books_due, expire
from matcher.clock import now, today
from matcher.idempotency import forget_answers
from matcher.notices.deliver import deliveries_due
from matcher.store.session import Ledger
from matcher.trading.documents import documents_due
from matcher.trading.life import lapse


def sweep(ledger: Ledger, settings: Settings) -> None:
    """Lapses contracts, expires orders, and rings for books, deliveries and documents that wait too long.

    Each kind in its own short transaction, and at most 1,000 of each: after an outage the next sweeps
    take the rest. Two sweeps at once skip what the other holds.
    """
    rung_before = now() - timedelta(seconds=settings.ring_patience_seconds)
    with ledger.transaction() as session:
        lapse(session)
    with ledger.transaction() as session:
        expire(session, today())
        forget_answers(session)
    for due in (books_due, deliveries_due, documents_due):
        with ledger.transaction() as session:
            due(session, rung_before)

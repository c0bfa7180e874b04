"""The sweep: finds all work that is overdue by query alone, and rings for it again."""

from datetime import timedelta
from functools import partial

from config.settings import Settings
from matcher.book.orders import books_due, expire
from matcher.clock import now, today
from matcher.contracts.amendments import lapse_amendments
from matcher.contracts.documents import documents_due
from matcher.contracts.fulfilment import close_overdue
from matcher.contracts.life import lapse, remind
from matcher.errors import Unavailable
from matcher.idempotency import forget_answers
from matcher.knowledge import Knowledge
from matcher.notices.due import ring_for_due
from matcher.ops.queues import QUEUES, queues
from matcher.store.session import Ledger
from matcher.trading.tell_owners import tell_owners

MOST_WAITING = 1000  # rings in a queue; its workers are busy for seconds with them

EMPTY_PATIENCE = timedelta(seconds=3)


def sweep(ledger: Ledger, settings: Settings, knowledge: Knowledge) -> None:
    """Does what a deadline asks for, and rings for books, deliveries and documents that wait too long.

    Contracts and amendments lapse, sides are reminded of contracts that will, orders expire, and their owners
    are told what became of them.
    Each kind in its own short transaction, and at most 1,000 of each: after an outage the next sweeps
    take the rest. Two sweeps at once skip what the other holds. No queue is rung fuller than MOST_WAITING,
    and none at all while the broker is away: what is due stays due.
    """
    rung_before = now() - timedelta(seconds=settings.ring_patience_seconds)
    ledger.run(lapse)
    ledger.run(lapse_amendments)
    ledger.run(remind)
    ledger.run(close_overdue)
    ledger.run(partial(expire, today=today()))
    ledger.run(partial(tell_owners, catalogue=knowledge.catalogue))
    ledger.run(forget_answers)
    hurried = now() - min(EMPTY_PATIENCE, timedelta(seconds=settings.ring_patience_seconds))
    room = _room(settings)
    for name, due in (("clearing", books_due), ("documents", documents_due)):
        if room[name] > 0:
            # In an empty queue no ring waits any more: it was answered, or lost with the broker.
            before = hurried if room[name] == MOST_WAITING else rung_before
            ledger.run(partial(due, rung_before=before, limit=room[name]))
    if room["notices"] == MOST_WAITING:
        # One ring is for all that is due; while one waits, another is of no use.
        ledger.run(ring_for_due)


def _room(settings: Settings) -> dict[str, int]:
    """How many more rings each queue may take."""
    try:
        return {queue.name: MOST_WAITING - queue.depth for queue in queues(settings, QUEUES)}
    except Unavailable:
        return dict.fromkeys(QUEUES, 0)

"""The sweep: finds all work that is overdue by query alone, and rings for it again."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.book.orders import books_due, expire
from matcher.clock import now, today
from matcher.contracts.amendments import lapse_amendments
from matcher.contracts.closing import close_overdue
from matcher.contracts.documents import documents_due
from matcher.contracts.life import lapse, remind
from matcher.errors import Unavailable
from matcher.idempotency import forget_answers
from matcher.knowledge import Knowledge
from matcher.notices.due import ring_for_due
from matcher.notices.feed import number_events
from matcher.ops.queues import QUEUES, queues
from matcher.store.session import Ledger
from matcher.trading.tell_owners import tell_owners

MOST_WAITING = 1000  # rings in a queue; its workers are busy for seconds with them
MOST_PARTS = 10
MOST_ONE_BY_ONE = 100

EMPTY_PATIENCE = timedelta(seconds=3)

logger = logging.getLogger(__name__)


class Work(Protocol):
    """Does what is due, the first `limit` after those passed over, in a fixed order; returns how much."""

    def __call__(self, session: Session, *, limit: int = ..., passing_over: int = ...) -> int: ...


def sweep(ledger: Ledger, settings: Settings, knowledge: Knowledge) -> None:
    """Does what a deadline asks for, and rings for books, deliveries and documents that wait too long.

    Contracts and amendments lapse, sides are reminded of contracts that will, orders expire, and their owners
    are told what became of them.
    Each kind in short transactions of its own, and only so much of each: after an outage the next sweeps
    take the rest. Two sweeps at once skip what the other holds. A kind that fails is logged and keeps no
    other from its turn. No queue is rung fuller than MOST_WAITING, and none at all while the broker is away:
    what is due stays due.
    """
    telling: Work = partial(tell_owners, catalogue=knowledge.catalogue)
    # A part holds its books until its end, and who posts waits for them.
    for name, work, part in (
        ("lapse contracts", lapse, 100),
        ("lapse amendments", lapse_amendments, 100),
        ("remind of contracts", remind, 100),
        ("close contracts", close_overdue, 100),
        ("tell owners", telling, 500),
    ):
        _attempt(name, partial(_work_off, ledger, name, work, part))
    _attempt("expire orders", lambda: ledger.run(partial(expire, today=today())))
    _attempt("forget answers", lambda: ledger.run(forget_answers))
    _attempt("number events", lambda: ledger.run(number_events))
    _attempt("ring", partial(_ring, ledger, settings))


def _attempt(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # whatever it is, the others are still to be done
        logger.exception("could not %s", name)


def _work_off(ledger: Ledger, name: str, work: Work, part: int) -> None:
    """Ten parts of it; should something in one make it fail, one by one, passing over what fails."""
    try:
        for _ in range(MOST_PARTS):
            if ledger.run(partial(work, limit=part)) < part:
                break
    except OperationalError:  # the database's fault, nothing's in it
        raise
    except Exception as error:
        logger.error("could not %s together, doing it one by one: %s", name, error)
        passing_over = 0
        for _ in range(MOST_ONE_BY_ONE):
            try:
                if not ledger.run(partial(work, limit=1, passing_over=passing_over)):
                    break
            except OperationalError:
                raise
            except Exception:
                logger.exception("could not %s: one is passed over", name)
                passing_over += 1


def _ring(ledger: Ledger, settings: Settings) -> None:
    at = now()
    rung_before = at - timedelta(seconds=settings.ring_patience_seconds)
    hurried = max(rung_before, at - EMPTY_PATIENCE)
    room = _room(settings)
    for names, due in ((("clearing", "standing"), books_due), (("documents",), documents_due)):
        least = min(room[name] for name in names)
        if least > 0:
            # In an empty queue no ring waits any more: it was answered, or lost with the broker.
            before: datetime = hurried if least == MOST_WAITING else rung_before
            ledger.run(partial(due, rung_before=before, limit=least))
    if room["notices"] == MOST_WAITING:
        # One ring is for all that is due; while one waits, another is of no use.
        ledger.run(ring_for_due)


def _room(settings: Settings) -> dict[str, int]:
    """How many more rings each queue may take."""
    try:
        return {queue.name: MOST_WAITING - queue.depth for queue in queues(settings, QUEUES)}
    except Unavailable:
        return dict.fromkeys(QUEUES, 0)

"""A clearing that took longer than it may: noted with its book, so that the next goes the quick way."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.store.session import ring
from matcher.store.tables import Book

QUICKLY_FOR = timedelta(hours=1)  # then the whole way is tried again: the book may be smaller


def ran_out_of_time(session: Session, crop: str) -> None:
    """Notes that a clearing of the book was ended for its time, and rings for the next.

    For a transaction of its own: that of the clearing is rolled back.
    """
    at = now()
    session.execute(update(Book).where(Book.crop == crop).values(ran_out_at=at, rung_at=at, stands=False))
    ring(session, "clear_book", crop)


def short_of_time(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition that a book is to be cleared the quick way at that moment."""
    return Book.ran_out_at > at - QUICKLY_FOR

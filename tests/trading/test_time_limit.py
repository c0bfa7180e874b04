"""A book whose clearing ran out of time goes the quick way for an hour."""

from datetime import timedelta

from sqlalchemy import update

from matcher.clock import now
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring, rings_of
from matcher.store.tables import Book
from matcher.trading.time_limit import QUICKLY_FOR, goes_quickly, ran_out_of_time
from tests.market import lot, party


def test_a_book_goes_quickly_for_an_hour_after_it_ran_out_of_time(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        for crop in ("longan", "lychee"):
            lot(session, party(session, "producer"), knowledge, crop=crop)
        assert not goes_quickly(session, "longan")
        rings_of(session)
        ran_out_of_time(session, "longan")
        assert rings_of(session) == [Ring("clear_book", "longan")]
    with ledger.transaction() as session:
        assert (goes_quickly(session, "longan"), goes_quickly(session, "lychee")) == (True, False)
        session.execute(update(Book).values(ran_out_at=now() - QUICKLY_FOR - timedelta(seconds=1)))
        assert not goes_quickly(session, "longan")

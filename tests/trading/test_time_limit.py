"""A book whose clearing ran out of time goes the quick way for an hour."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring, rings_of
from matcher.store.tables import Book
from matcher.trading.clear import clear
from matcher.trading.record.record import unpack
from matcher.trading.record.replay import replay
from matcher.trading.time_limit import QUICKLY_FOR, ran_out_of_time, short_of_time
from tests.market import demand, lot, party


def test_a_book_goes_quickly_for_an_hour_after_it_ran_out_of_time(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        for crop in ("longan", "lychee"):
            lot(session, party(session, "producer"), knowledge, crop=crop)
        assert not quick_books(session)
        rings_of(session)
        ran_out_of_time(session, "longan")
        assert rings_of(session) == [Ring("clear_book", "longan")]
    with ledger.transaction() as session:
        assert quick_books(session) == ["longan"]
        session.execute(update(Book).values(ran_out_at=now() - QUICKLY_FOR - timedelta(seconds=1)))
        assert not quick_books(session)


def test_a_clearing_that_went_quickly_says_so_and_replays(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge, min_take_kg=300)
        demand(session, party(session, "buyer"), knowledge, quantity_kg=200)
        ran_out_of_time(session, "custard_apple")
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        assert unpack(written.input).quickly
        assert replay(session, written.id) == []


def quick_books(session: Session) -> list[str]:
    return [*session.scalars(select(Book.crop).where(short_of_time(now())))]

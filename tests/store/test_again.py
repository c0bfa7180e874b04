"""A transaction that PostgreSQL ended for another's sake is run anew, so that nobody hears of it."""

import threading

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from matcher.store.again import TRIES
from matcher.store.session import Ledger
from matcher.store.tables import Party
from tests.market import party


def refused(session: Session, sqlstate: str) -> None:
    """Has PostgreSQL end the transaction with this error."""
    session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$"))


def test_of_two_that_wait_for_each_other_both_are_done(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        ids = [party(session, "buyer").id for _ in range(2)]
    both, tries = threading.Barrier(2, timeout=20), []

    def rename(first: int, name: str) -> None:
        def work(session: Session) -> None:
            tries.append(name)
            for place in (first, 1 - first):
                renamed = update(Party).where(Party.id == ids[place]).values(name=Party.name + name)
                session.execute(renamed)
                if len(tries) <= 2 and place == first:
                    both.wait()  # each holds its first row, and now wants the other's

        ledger.run(work)

    threads = [threading.Thread(target=rename, args=words) for words in ((0, "+a"), (1, "+b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3, "one of them was run anew"
    with ledger.transaction() as session:
        for each in ids:
            name = session.get_one(Party, each).name
            assert sorted(name.split("+")[1:]) == ["a", "b"]


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_what_loses_again_and_again_is_told_in_the_end_and_has_done_nothing(
    ledger: Ledger, sqlstate: str
) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(party(session, "buyer").id)
        refused(session, sqlstate)

    with pytest.raises(OperationalError):
        ledger.run(work)
    assert len(tries) == TRIES
    with ledger.transaction() as session:
        assert [session.get(Party, each) for each in tries] == [None] * TRIES


def test_no_other_error_is_tried_again(ledger: Ledger) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        refused(session, "55P03")  # a lock not had in time

    with pytest.raises(OperationalError):
        ledger.run(work)
    assert len(tries) == 1

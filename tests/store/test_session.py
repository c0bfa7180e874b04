"""Transactions, and when their rings leave."""

import os
import socket
import sys
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import InternalError

from config.settings import Settings
from matcher.errors import Unavailable
from matcher.store.identifiers import uuid7
from matcher.store.session import Ledger, Ring, ring
from matcher.store.tables import Party
from tests.market import party


@pytest.fixture
def rung() -> list[Ring]:
    return []


@pytest.fixture
def listening(ledger: Ledger, settings: Settings, rung: list[Ring]) -> Ledger:
    """A ledger whose rings are written down, after checking that their transaction is committed by then."""

    def listen(rings: Sequence[Ring]) -> None:
        with ledger.transaction() as session:
            assert session.scalar(select(func.count()).select_from(Party)) == 1
        rung.extend(rings)

    return Ledger(settings, listen)


def test_rings_leave_after_the_commit_each_once_and_in_order(listening: Ledger, rung: list[Ring]) -> None:
    with listening.transaction() as session:
        party(session, "buyer")
        for task, identity in (("render", 2), ("clear_book", 1), ("render", 2)):
            ring(session, task, identity)
        assert rung == []
    assert rung == [Ring("render", "2"), Ring("clear_book", "1")]
    listening.engine.dispose()


def test_what_is_rolled_back_rings_for_nothing(listening: Ledger, rung: list[Ring]) -> None:
    def fail() -> None:
        with listening.transaction() as session:
            party(session, "buyer")
            ring(session, "render", 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with listening.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Party)) == 0
    assert rung == []
    listening.engine.dispose()


def test_a_ledger_without_an_address_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="MATCHER_DATABASE_URL"):
        Ledger(settings.model_copy(update={"database_url": None}))


def test_ids_are_of_version_7_and_sort_by_the_time_they_were_made() -> None:
    ids = [uuid7() for _ in range(2000)]
    assert {identity.version for identity in ids} == {7}
    assert {identity.variant for identity in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == len(ids)
    milliseconds = [identity.int >> 80 for identity in ids]
    assert milliseconds == sorted(milliseconds)


@pytest.mark.skipif(sys.platform != "linux", reason="the option's name is Linux's")
def test_a_host_that_vanishes_is_given_up_in_seconds_not_in_hours(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        file = os.dup(connection.connection.driver_connection.fileno())  # type: ignore[union-attr]
        with socket.socket(fileno=file) as held:
            sent_ms = held.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            awaited = [
                held.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
    idle, interval, count = awaited
    assert 0 < sent_ms <= 20_000
    assert 0 < idle + interval * count <= 20


def test_a_snapshot_does_not_see_what_others_commit_meanwhile_and_the_next_transaction_does_and_writes(
    ledger: Ledger,
) -> None:
    count = select(func.count()).select_from(Party)
    with ledger.snapshot() as reading:
        assert reading.scalar(count) == 0
        with ledger.transaction() as session:
            party(session, "buyer")
        assert reading.scalar(count) == 0
    for expected in (1, 2, 3):  # on the connections that both have given back
        with ledger.transaction() as session, ledger.transaction() as another:
            assert session.scalar(count) == another.scalar(count) == expected
            party(session, "buyer")


def test_a_snapshot_writes_nothing(ledger: Ledger) -> None:
    with pytest.raises(InternalError, match="read-only"), ledger.snapshot() as reading:
        party(reading, "buyer")

"""When a book is rung for: after the commit, once for many changes, and again until it is cleared."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import redis
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.book.demands import amend_demand
from matcher.book.lots import amend_lot
from matcher.book.orders import expire, withdraw
from matcher.clock import today
from matcher.errors import Invalid
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Book, Clearing, Demand, Lot, Party
from matcher.trading.clear import clear
from tests.market import demand, lot, party
from tests.servers.helpers import eventually
from tests.trading.locks import held, wait_for_waiting
from workers.bell import bell

RING = Ring("clear_book", "custard_apple")


@pytest.fixture
def rung() -> list[Ring]:
    return []


@pytest.fixture
def listening(settings: Settings, rung: list[Ring]) -> Iterator[Ledger]:
    """A ledger whose rings are written down."""
    ledger = Ledger(settings, rung.extend)
    yield ledger
    ledger.engine.dispose()


def version(ledger: Ledger) -> int:
    with ledger.transaction() as session:
        return session.get_one(Book, "custard_apple").version


def test_every_change_of_an_order_changes_its_book_and_rings_once_after_the_commit(
    listening: Ledger, rung: list[Ring], knowledge: Knowledge, settings: Settings
) -> None:
    with listening.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        offered = [lot(session, seller, knowledge).id for _ in range(2)]
        wanted = [demand(session, buyer, knowledge, bid=1000).id for _ in range(2)]
        assert rung == []
    assert rung == [RING]
    changes: list[Callable[[Session], object]] = [
        lambda session: amend_lot(session, seller, offered[0], {"ask": 9000}, None, knowledge),
        lambda session: amend_demand(session, buyer, wanted[0], {"bid": 2000}, None, knowledge),
        lambda session: withdraw(session, Lot, offered[0], seller),
        lambda session: withdraw(session, Demand, wanted[0], buyer),
        lambda session: expire(session, today() + timedelta(days=30)),
    ]
    for number, make in enumerate(changes, 2):
        clear_book(listening, knowledge, settings)
        before = version(listening)
        with listening.transaction() as session:
            make(session)
        assert rung == [RING] * number
        assert version(listening) == before + 1


def test_a_refused_change_leaves_the_book_as_it_was_and_rings_for_nothing(
    listening: Ledger, rung: list[Ring], knowledge: Knowledge, settings: Settings
) -> None:
    with listening.transaction() as session:
        seller = party(session, "producer")
        offered = lot(session, seller, knowledge)
    clear_book(listening, knowledge, settings)
    rung.clear()
    before = version(listening)
    with pytest.raises(Invalid), listening.transaction() as session:
        amend_lot(session, seller, offered.id, {"quantity_kg": 0}, None, knowledge)
    with pytest.raises(Invalid), listening.transaction() as session:
        lot(session, seller, knowledge, grade="the best")
    assert version(listening) == before
    assert rung == []


def test_a_hundred_posts_before_a_clearing_leave_one_ring_in_the_queue(
    settings: Settings, knowledge: Knowledge
) -> None:
    ring = bell(settings)
    ringing = Ledger(settings, ring)
    with ringing.transaction() as session:
        seller = party(session, "producer")
    with redis.Redis.from_url(settings.redis_url or "") as broker:

        def in_queue() -> int:
            """How many rings there are once all that were rung for so far have left, as they do in order."""
            broker.delete("documents")
            ring([Ring("render", "the last")])
            eventually(lambda: broker.llen("documents"))
            return int(broker.llen("clearing"))

        broker.delete("clearing")
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: post(ringing, seller, knowledge, 25), range(4)))
        assert in_queue() == 1
        written = clear_book(ringing, knowledge, settings)
        assert written is not None
        assert (written.lots, written.book_version) == (100, 100)
        post(ringing, seller, knowledge, 10)
        assert in_queue() == 2
        broker.delete("clearing", "documents")
    ringing.engine.dispose()


def post(ledger: Ledger, seller: Party, knowledge: Knowledge, count: int) -> None:
    for _ in range(count):
        with ledger.transaction() as session:
            lot(session, seller, knowledge, quantity_kg=10)


def test_what_changes_during_a_clearing_is_rung_for_when_the_clearing_ends(
    listening: Ledger, rung: list[Ring], ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        first = lot(session, seller, knowledge).id
        demand(session, party(session, "buyer"), knowledge, quantity_kg=10)
    with ThreadPoolExecutor() as threads:
        with held(ledger, first):
            clearing = threads.submit(clear_book, listening, knowledge, settings)
            wait_for_waiting(ledger)
            post(listening, seller, knowledge, 3)
            assert rung == [], "the ring of the first post is still out"
            assert clear_book(ledger, knowledge, settings) is None, "one clearing of a book at a time"
        written = clearing.result(30)
    assert written is not None
    assert (written.book_version, rung.count(RING)) == (2, 1)
    with ledger.transaction() as session:
        book = session.get_one(Book, "custard_apple")
        assert (book.version, book.cleared_version) == (5, 2)
        assert written.started_at <= book.changed_at <= written.finished_at
    last = clear_book(listening, knowledge, settings)
    assert last is not None
    assert (last.lots, last.book_version, rung.count(RING)) == (4, 5, 1)
    assert clear_book(listening, knowledge, settings) is None, "nothing has changed since"


def clear_book(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Clearing | None:
    with ledger.transaction() as session:
        return clear(session, "custard_apple", knowledge, settings)


def test_a_book_is_due_since_its_first_change_that_is_not_cleared(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    def changed_at() -> datetime:
        with ledger.transaction() as session:
            return session.get_one(Book, "custard_apple").changed_at

    with ledger.transaction() as session:
        seller = party(session, "producer")
    post(ledger, seller, knowledge, 1)
    first = changed_at()
    post(ledger, seller, knowledge, 2)
    assert changed_at() == first
    clear_book(ledger, knowledge, settings)
    post(ledger, seller, knowledge, 1)
    assert changed_at() > first


def test_two_expiries_of_the_same_books_do_not_wait_for_each_other(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    crops = ("lychee", "mango", "longan")
    with ledger.transaction() as session:
        seller = party(session, "producer")
        for crop in (*crops, *crops[::-1]):
            lot(session, seller, knowledge, crop=crop)
        session.execute(update(Lot).values(expires_on=today() - timedelta(days=1)))

    def expire_three() -> int:
        with ledger.transaction() as session:
            # In the order of posting, as the planner is free to read them.
            session.execute(text("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off"))
            return expire(session, today(), limit=3)

    with ThreadPoolExecutor() as threads:
        with ledger.transaction() as session:
            session.get_one(Book, "mango", with_for_update=True)
            first = threads.submit(expire_three)
            wait_for_waiting(ledger, 1)
            second = threads.submit(expire_three)
            wait_for_waiting(ledger, 2)
        assert (first.result(30), second.result(30)) == (3, 3)
    with ledger.transaction() as session:
        assert set(session.scalars(select(Lot.state))) == {"expired"}

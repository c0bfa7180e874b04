"""The sweep finds by query alone what nobody has rung for lately."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now, today
from matcher.knowledge import Knowledge
from matcher.ops.status import status
from matcher.ops.sweep import MOST_WAITING, sweep
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Book, Contract, Demand, Document, Event, KeptAnswer, Lot, OrderNews
from matcher.trading.clear import clear
from matcher.trading.tell_owners import tell_owners
from tests.market import demand, lot, party

DELIVER = Ring("deliver", "due")


@pytest.fixture
def rung() -> list[Ring]:
    return []


@pytest.fixture
def listening(settings: Settings, rung: list[Ring]) -> Iterator[Ledger]:
    """A ledger whose rings are written down; a match is made in it, and another book has changed."""
    ledger = Ledger(settings, rung.extend)
    yield ledger
    ledger.engine.dispose()


@pytest.fixture
def due(listening: Ledger, rung: list[Ring], knowledge: Knowledge, settings: Settings) -> set[Ring]:
    """The rings for one piece of due work of every kind: all were rung once, and nobody heard."""
    with listening.transaction() as session:
        seller = party(session, "producer")
        lot(session, seller, knowledge)
        demand(session, party(session, "buyer", email="mua@example.vn"), knowledge)
    with listening.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with listening.transaction() as session:
        lot(session, seller, knowledge, crop="longan")
    with listening.transaction() as session:
        contract = session.scalar(select(Contract.id))
        tell_owners(session, knowledge.catalogue)
    rung.clear()
    return {Ring("clear_book", "longan"), Ring("render", str(contract)), DELIVER}


def long_unheard(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        for table in (Book, Document):
            session.execute(update(table).values(rung_at=now() - timedelta(minutes=1)))


def test_each_kind_of_due_work_is_rung_for_again_when_its_ring_was_not_heard(
    listening: Ledger, settings: Settings, rung: list[Ring], due: set[Ring], knowledge: Knowledge
) -> None:
    sweep(listening, settings, knowledge)
    assert rung == [DELIVER], "all others were rung for just now"
    long_unheard(listening)
    rung.clear()
    sweep(listening, settings, knowledge)
    assert sorted(rung, key=str) == sorted(due, key=str)
    rung.clear()
    sweep(listening, settings, knowledge)
    assert rung == [DELIVER], "and again only after a while"


def test_what_was_never_rung_for_is_rung_for_at_once(
    listening: Ledger, settings: Settings, rung: list[Ring], due: set[Ring], knowledge: Knowledge
) -> None:
    with listening.transaction() as session:
        for table in (Book, Document):
            session.execute(update(table).values(rung_at=None))
    sweep(listening, settings, knowledge)
    assert set(rung) == due


def test_many_sweeps_at_once_ring_once_for_each(
    listening: Ledger,
    settings: Settings,
    rung: list[Ring],
    due: set[Ring],
    knowledge: Knowledge,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine the last sweep may come seconds after the first.
    monkeypatch.setattr("matcher.ops.sweep.EMPTY_PATIENCE", timedelta(seconds=50))
    settings = settings.model_copy(update={"ring_patience_seconds": 50.0})
    long_unheard(listening)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: sweep(listening, settings, knowledge), range(12)))
    assert sorted(set(rung), key=str) == sorted(due, key=str)
    assert rung.count(DELIVER) == 12, "in an empty queue one ring for all that is due"
    assert len(rung) == len(due) - 1 + 12


def test_what_is_past_its_day_expires_and_its_book_is_rung_for(
    listening: Ledger, settings: Settings, knowledge: Knowledge, rung: list[Ring]
) -> None:
    with listening.transaction() as session:
        past = lot(session, party(session, "producer"), knowledge, crop="mango").id
        wanted = demand(session, party(session, "buyer"), knowledge, crop="mango", bid=1000).id
        session.execute(update(Lot).values(expires_on=today() - timedelta(days=1)))
        session.execute(update(Demand).values(expires_on=today()))
    with listening.transaction() as session:
        clear(session, "mango", knowledge, settings)
    rung.clear()
    sweep(listening, settings, knowledge)
    with listening.transaction() as session:
        assert session.get_one(Lot, past).state == "expired"
        assert session.get_one(Demand, wanted).state == "open"
    assert rung == [Ring("clear_book", "mango")]


def test_answers_kept_for_two_days_are_forgotten(
    listening: Ledger, settings: Settings, knowledge: Knowledge
) -> None:
    with listening.transaction() as session:
        owner = party(session, "buyer")
        for key, hours in (("old", 49), ("new", 47)):
            kept_at = now() - timedelta(hours=hours)
            session.add(
                KeptAnswer(party_id=owner.id, key=key, request_digest=b"", headers={}, kept_at=kept_at)
            )
    sweep(listening, settings, knowledge)
    with listening.transaction() as session:
        assert session.scalars(select(KeptAnswer.key)).all() == ["new"]


def test_a_queue_that_is_full_of_rings_is_not_rung_fuller(
    listening: Ledger, settings: Settings, rung: list[Ring], due: set[Ring], knowledge: Knowledge
) -> None:
    own_broker = settings.model_copy(update={"redis_url": str(settings.redis_url).removesuffix("/0") + "/9"})
    long_unheard(listening)
    with redis.Redis.from_url(str(own_broker.redis_url)) as client:
        client.rpush("notices", *["{}"] * MOST_WAITING)
        sweep(listening, own_broker, knowledge)
        assert {ring.task for ring in rung} == {"clear_book", "render"}
        client.flushdb()
    sweep(listening, own_broker, knowledge)
    assert set(rung) == due


def test_nothing_is_rung_for_while_the_broker_is_away_so_that_all_is_at_once_when_it_is_back(
    listening: Ledger, settings: Settings, rung: list[Ring], due: set[Ring], knowledge: Knowledge
) -> None:
    long_unheard(listening)
    sweep(listening, settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}), knowledge)
    assert rung == []
    sweep(listening, settings, knowledge)
    assert set(rung) == due


def test_what_can_not_be_done_is_passed_over_and_keeps_nothing_else_from_its_turn(
    listening: Ledger, settings: Settings, rung: list[Ring], due: set[Ring], knowledge: Knowledge
) -> None:
    with listening.transaction() as session:
        for _ in range(2):
            lot(session, party(session, "producer"), knowledge, quantity_kg=500)
            demand(session, party(session, "buyer"), knowledge, quantity_kg=500)
    with listening.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    with listening.transaction() as session:
        first, *others = session.scalars(select(Contract).order_by(Contract.match_id)).all()
        assert len(others) == 2
        first.terms = {"goods": "lost"}
        session.execute(update(Contract).values(deadline_at=now()))
    long_unheard(listening)
    rung.clear()
    sweep(listening, settings, knowledge)
    with listening.transaction() as session:
        assert session.get_one(Contract, first.id).signature == "draft", "it can not be told of"
        assert {session.get_one(Contract, each.id).signature for each in others} == {"lapsed"}
        (overdue,) = [
            each for each in status(listening, settings).overdue if each.kind == "contracts to lapse"
        ]
        assert overdue.count == 1
    assert {ring.task for ring in rung} == {"clear_book", "render", "deliver"}


def test_after_hours_without_a_sweep_the_next_ones_take_a_part_each_and_ring_a_few_times(
    listening: Ledger, settings: Settings, rung: list[Ring], knowledge: Knowledge
) -> None:
    many = 2500
    with listening.transaction() as session:
        offered = lot(session, party(session, "producer", email="htx@example.vn"), knowledge)
        copied = {column.key: getattr(offered, column.key) for column in Lot.__mapper__.column_attrs}
        copied |= {"expires_on": today() - timedelta(days=1)}
        del copied["id"], copied["remaining_g"], copied["page_key"]
        session.execute(insert(Lot), [copied] * many)
        kept = {"party_id": offered.party_id, "request_digest": b"", "kept_at": now() - timedelta(days=3)}
        session.execute(insert(KeptAnswer), [kept | {"key": str(number)} for number in range(many)])
    left, sweeps = many, 0
    while left:
        rung.clear()
        sweep(listening, settings, knowledge)
        sweeps += 1
        assert set(rung) <= {DELIVER, Ring("clear_book", "custard_apple")}
        assert len(rung) <= 5, "for the book, for each part that was told, and for all that is due"
        with listening.transaction() as session:
            before, left = left, count(session, Lot.expires_on < today(), Lot.state == "open")
            assert before - left <= 1000
    assert sweeps == 3
    for _ in range(3):
        sweep(listening, settings, knowledge)
    with listening.transaction() as session:
        assert count(session, OrderNews.due_at <= now()) == 0
        assert count(session, Event.kind == "order.expired") == many
        assert count(session, Event.position.is_(None)) == 0
        assert count(session, KeptAnswer.key.is_not(None)) == 0


def count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0

"""What an operator wants to know first: what waits, since when, and who works."""

from datetime import datetime, time, timedelta
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Boolean, ColumnElement, func, literal_column, select
from sqlalchemy.orm import QueryableAttribute, Session

from config.settings import Settings
from matcher.clock import VIETNAM, now, today
from matcher.errors import Unavailable
from matcher.ops.heartbeat import Alive, alive
from matcher.ops.queues import QUEUES, QueueView, queues
from matcher.store.session import Ledger
from matcher.store.tables import (
    CONTRACT_WAITING,
    Amendment,
    Book,
    Contract,
    Delivery,
    Demand,
    Document,
    Endpoint,
    Lot,
    OrderNews,
)
from matcher.trading.quarantine import aside
from matcher.trading.time_limit import short_of_time

JUST_OVER = timedelta(seconds=10)
_DUE = literal_column("state = 'due'", Boolean) & (Delivery.due_at <= func.now())


class Overdue(BaseModel):
    """Work of one kind that the ledger says is due and not done; `oldest_since` is when it fell due."""

    kind: str
    count: int
    oldest_since: datetime | None


class Status(BaseModel):
    """`broker` is "ok", or why it does not answer; then `queues` is empty. Work is found without it."""

    at: datetime
    broker: str
    queues: list[QueueView]
    overdue: list[Overdue]
    waiting_for_endpoints: int = Field(
        description="deliveries that are due to endpoints that fail, rest or have their pace: not overdue"
    )
    dead_letters: int
    quarantined: int
    books_cleared_quickly: int = Field(description="they ran out of time less than an hour ago")
    alive: list[Alive]


def status(ledger: Ledger, settings: Settings) -> Status:
    """Raises what SQLAlchemy raises when the database does not answer."""
    try:
        waiting, broker = queues(settings, QUEUES), "ok"
    except Unavailable as error:
        waiting, broker = [], str(error)
    with ledger.transaction() as session:
        return Status(
            at=now(),
            broker=broker,
            queues=waiting,
            overdue=_overdue(session),
            waiting_for_endpoints=_count(session, _DUE & _held_up()),
            dead_letters=_count(session, Delivery.state == "dead"),
            quarantined=_count(session, aside(Lot)) + _count(session, aside(Demand)),
            books_cleared_quickly=_count(session, short_of_time(now())),
            alive=alive(session),
        )


def _overdue(session: Session) -> list[Overdue]:
    changed = Book.version > Book.cleared_version
    waiting = literal_column(CONTRACT_WAITING, Boolean)
    lapsing = waiting & (Contract.deadline_at <= now())
    unreminded = waiting & Contract.reminded_at.is_(None) & (Contract.remind_at <= now()) & ~lapsing
    unanswered = (Amendment.state == "open") & (Amendment.deadline_at <= now())
    return [
        _due(session, "books to clear", Book.changed_at, changed),
        _due(session, "books to freeze", Book.freeze_at, Book.freeze_at <= now()),
        _due_deliveries(session),
        _due(session, "documents to render", Document.asked_at, Document.rendered_at.is_(None)),
        _due(session, "contracts to lapse", Contract.deadline_at, lapsing),
        _due(session, "contracts to remind of", Contract.remind_at, unreminded),
        _due(session, "amendments to lapse", Amendment.deadline_at, unanswered),
        _due(session, "owners to tell", OrderNews.due_at, OrderNews.due_at <= now()),
        _due_orders(session, "lots to expire", Lot),
        _due_orders(session, "demands to expire", Demand),
    ]


def _due(
    session: Session, kind: str, since: QueryableAttribute[Any], condition: ColumnElement[bool]
) -> Overdue:
    count, oldest = session.execute(select(func.count(), func.min(since)).where(condition)).one()
    return Overdue(kind=kind, count=count, oldest_since=oldest)


def _due_deliveries(session: Session) -> Overdue:
    # One by one, as each has an index of its own.
    kinds = (Delivery.endpoint_id.is_(None), Delivery.endpoint_id.is_not(None) & ~_held_up())
    found = [_due(session, "deliveries to make", Delivery.due_at, _DUE & kind) for kind in kinds]
    oldest = min((each.oldest_since for each in found if each.oldest_since), default=None)
    return Overdue(kind="deliveries to make", count=sum(each.count for each in found), oldest_since=oldest)


def _held_up() -> ColumnElement[bool]:
    """Deliveries to endpoints that are tried one at a time, or not before a moment: theirs is the delay.

    One whose rest is just over may rest again at once, by its pace.
    """
    resting = Endpoint.rests_until > func.now() - JUST_OVER
    unwell = Endpoint.failing_since.is_not(None) | resting
    return Delivery.endpoint_id.in_(select(Endpoint.id).where(unwell))


def _due_orders(session: Session, kind: str, orders: type[Lot] | type[Demand]) -> Overdue:
    past = (orders.state == "open") & (orders.expires_on < today())
    count, oldest = session.execute(select(func.count(), func.min(orders.expires_on)).where(past)).one()
    since = oldest and datetime.combine(oldest + timedelta(days=1), time.min, VIETNAM)
    return Overdue(kind=kind, count=count, oldest_since=since)


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0

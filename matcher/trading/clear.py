"""A clearing written down: matches, what they take, their contracts and notices, in one transaction."""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from config.settings import Settings
from matcher.book.orders import ring_for
from matcher.clock import now
from matcher.contracts.draft import draft, signing_hours
from matcher.knowledge import Knowledge
from matcher.store.tables import Book, Clearing, Match
from matcher.trading.looking import Looking
from matcher.trading.news import tell_of_matches
from matcher.trading.numbers import Numbers, first_departure, terms_of
from matcher.trading.outcome import Outcome, StandingBooks, look
from matcher.trading.outlook import write_tentative
from matcher.trading.promise import promise
from matcher.trading.quarantine import set_aside
from matcher.trading.time_limit import short_of_time


def hand_over(session: Session, crop_key: str) -> bool:
    """Rings for a book that stands where it is kept solved; returns whether it does."""
    stands = bool(session.scalar(select(Book.stands).where(Book.crop == crop_key)))
    if stands:
        ring_for(session, crop_key, stands=True)
    return stands


def clear(
    session: Session,
    crop_key: str,
    knowledge: Knowledge,
    settings: Settings,
    standing: StandingBooks | None = None,
) -> Clearing | None:
    """Clears one book and writes what follows; the caller's commit makes all of it true at once.

    Matches whose freeze has come are made for good, with their contracts and notices; the others are
    kept as tentative. `standing` are books that this process keeps solved, if it keeps any; a large one is
    then cleared by what changed alone. Returns None when there is nothing to do: the book has not changed
    and nothing is to freeze, or another worker clears it just now and will look again when it ends.
    Raises NotFound for a crop that the catalogue lacks.
    """
    if not _claim(session, crop_key):
        return None
    started_at = now()
    book = session.execute(_due(), {"of_crop": crop_key, "at": started_at}).one_or_none()
    if book is None:
        return None
    crop = knowledge.catalogue.crop(crop_key)
    leaving = first_departure(started_at, knowledge.catalogue.tariff.departure_hour)
    looking = Looking(
        session=session,
        crop=crop,
        numbers=Numbers(crop, knowledge.catalogue),
        terms=terms_of(knowledge.catalogue, leaving, settings.seller_share_percent),
        signing_time=timedelta(hours=signing_hours(crop, settings)),
        started_at=started_at,
        freezing=bool(book.freezing),
        quickly=bool(book.short_of_time),
        cleared_version=book.cleared_version,
        last_clearing=book.clearing_id,
    )
    outcome = look(looking, standing)
    written = _write_clearing(looking, book.version, outcome)
    due_now = [] if outcome.put_off else outcome.matches.due(started_at)
    matches, made = promise(session, written, due_now)
    outcome.made(made)
    contracts = draft(session, matches, crop, knowledge, settings, written.finished_at)
    tell_of_matches(session, crop, matches, contracts)
    set_aside(session, crop, looking.numbers.failures, book.version)
    write_tentative(session, crop_key, outcome.matches, outcome.moved)
    _close(session, written, outcome)
    if written.base_id is None:
        _forget_previous(session, written)
    return written


@cache
def _due() -> Select[*tuple[Any, ...]]:
    """Built once, as what follows is: it takes longer than to execute it."""
    at = bindparam("at", type_=Book.freeze_at.type)
    freezing = Book.freeze_at <= at
    return select(
        Book.version,
        Book.cleared_version,
        Book.clearing_id,
        freezing.label("freezing"),
        short_of_time(at).label("short_of_time"),
    ).where(Book.crop == bindparam("of_crop"), (Book.version > Book.cleared_version) | freezing)


def _claim(session: Session, crop_key: str) -> bool:
    # One clearing of a book at a time: a second would wait for the same rows only to find them taken.
    return bool(session.scalar(_claiming(), {"of_crop": crop_key}))


@cache
def _claiming() -> Select[Any]:
    crop = func.hashtext(bindparam("of_crop", type_=Book.crop.type))
    return select(func.pg_try_advisory_xact_lock(func.hashtext("clearing"), crop))


def _write_clearing(looking: Looking, version: int, outcome: Outcome) -> Clearing:
    result = outcome.result
    written = Clearing(
        id=outcome.clearing_id,
        crop=looking.crop.key,
        book_version=version,
        started_at=looking.started_at,
        finished_at=now(),
        lots=outcome.lots,
        demands=outcome.demands,
        matches=len(outcome.matches),
        welfare=result.welfare,
        upper_bound=result.upper_bound,
        optimal=result.optimal,
        method=result.method,
        base_id=outcome.base_id,
        link=outcome.link,
        input=outcome.packed_input,
        result=outcome.packed_result,
    )
    looking.session.add(written)
    looking.session.flush()
    return written


def _forget_previous(session: Session, written: Clearing) -> None:
    """Forgets the crop's earlier clearings, a base with all its links, that no match came of."""
    chain = func.coalesce(Clearing.base_id, Clearing.id)
    before = (Clearing.crop == written.crop) & (Clearing.id != written.id)
    made = select(chain).join(Match, Match.clearing_id == Clearing.id).where(before)
    session.execute(delete(Clearing).where(before, chain.not_in(made)))


def _close(session: Session, written: Clearing, outcome: Outcome) -> None:
    """Notes that the book was cleared as of a version, and rings again if it has changed since."""
    given = {
        "of_crop": written.crop,
        "put_off": int(outcome.put_off),
        "as_of": written.book_version,
        "at": now(),
        "clearing": written.id,
        "started": written.started_at,
        "freeze": outcome.matches.first_freeze(),
        "standing": outcome.stands,
    }
    if session.connection().execute(_closing(), given).scalar_one():
        ring_for(session, written.crop, stands=outcome.stands)


@cache
def _closing() -> ReturningUpdate[Any]:
    """Returns whether there is more to do; work that was put off counts as a change."""
    at = bindparam("at", type_=Book.cleared_at.type)
    version = Book.version + bindparam("put_off")
    more = version > bindparam("as_of")
    closed = update(Book).where(Book.crop == bindparam("of_crop")).values(
        version=version,
        cleared_version=bindparam("as_of"),
        cleared_at=at,
        clearing_id=bindparam("clearing"),
        changed_at=case((more, bindparam("started")), else_=Book.changed_at),
        rung_at=case((more, at)),
        freeze_at=bindparam("freeze"),
        stands=bindparam("standing"),
    )  # fmt: skip
    return closed.returning(Book.version > bindparam("as_of"))

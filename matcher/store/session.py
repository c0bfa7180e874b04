"""Transactions on the ledger, and the rings that leave after they commit."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from config.settings import Settings
from matcher.errors import Unavailable
from matcher.store.again import pause_before_again

DoneT = TypeVar("DoneT")

# A process that is frozen in the middle of a transaction holds its locks no longer than a task may run.
OPTIONS = "-c timezone=UTC -c lock_timeout=20s -c idle_in_transaction_session_timeout=120s"
# A host that vanishes without a word is given up after some 20 s; the system's own limits are a quarter of an
# hour for what was sent, two hours for what is awaited.
VANISHED = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,  # ms
}


@dataclass(frozen=True)
class Ring:
    """A Celery message to be: the task's name and the one id it carries."""

    task: str
    id: str


class PerhapsCommitted(OperationalError):
    """The connection was lost while the commit was awaited: the transaction may be in the ledger."""


Bell = Callable[[Sequence[Ring]], None]


def silent(_rings: Sequence[Ring]) -> None:
    """The bell of who does not ring; the sweep will find the work."""


class Ledger:
    """The database and the bell. One for each process; threads share it."""

    def __init__(self, settings: Settings, bell: Bell = silent) -> None:
        """Connects at first use. Raises Unavailable without MATCHER_DATABASE_URL."""
        if settings.database_url is None:
            raise Unavailable("MATCHER_DATABASE_URL is not set; `matcher up` starts a database and sets it")
        self.settings = settings
        self.engine: Engine = create_engine(
            settings.database_url,
            pool_size=10,
            max_overflow=30,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "options": OPTIONS, **VANISHED},
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info={"settings": settings})
        self._bell = bell

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One session, committed on leaving and rolled back on an exception; rings leave after the commit.

        Raises what SQLAlchemy raises, `OperationalError` when the database does not answer; of them
        PerhapsCommitted where nobody knows whether it was committed.
        """
        with self._sessions() as session:
            yield session
            session.flush()
            _commit(session)
            rings = rings_of(session)
        if rings:
            self._bell(rings)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """One session for reading alone, as `read_as_of_one_moment` makes it; raises as `transaction`."""
        with self.transaction() as session:
            yield read_as_of_one_moment(session)

    def run(self, work: Callable[[Session], DoneT]) -> DoneT:
        """Does `work` in a transaction, and all of it anew when a deadlock is broken at its expense.

        So it may be called several times, and changes nothing but the ledger. Raises as `transaction`.
        """
        for tries in itertools.count(1):
            try:
                with self.transaction() as session:
                    return work(session)
            except DBAPIError as error:
                pause = pause_before_again(error, tries)
                if pause is None:
                    raise
            time.sleep(pause)
        raise AssertionError  # counting does not end


def _commit(session: Session) -> None:
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise PerhapsCommitted(
                error.statement, error.params, error.orig or error, connection_invalidated=True
            ) from error
        raise


def read_as_of_one_moment(session: Session) -> Session:
    """The same session: from its next query on all that it reads is the ledger as that query found it.

    So what others delete meanwhile is still there. What was done so far is committed; nothing can be written.
    """
    session.commit()
    session.bind = session.get_bind().engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    return session


def settings_of(session: Session) -> Settings:
    """The settings of the ledger that the session is of."""
    settings: Settings = session.info["settings"]
    return settings


def ring(session: Session, task: str, identity: object) -> None:
    """Asks that `task` be rung with `identity` once the session's transaction has committed."""
    session.info.setdefault("rings", {})[Ring(task, str(identity))] = None


def rings_of(session: Session) -> list[Ring]:
    """The rings asked for so far, each once and in order; asking again finds none."""
    return list(session.info.pop("rings", ()))

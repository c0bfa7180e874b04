"""One run: load and faults side by side, then the wait until all is caught up, then the checker."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import redis
from sqlalchemy import select

from chaos.checker import backlog, check, check_always, not_caught_up
from chaos.faults import INJECT
from chaos.load import Load
from chaos.market import add_traders
from chaos.report import Report
from chaos.schedule import Fault
from chaos.stage import Stage, stage
from chaos.violations import Connection, Violation
from config.settings import Settings
from matcher.store.session import Ledger
from matcher.store.tables import Clearing
from matcher.trading.record.replay import replay
from workers.processes import ServerError

TRADERS = 4
PAUSE_SECONDS = 0.3
READY_WITHIN_SECONDS = 90.0
CAUGHT_UP_PATIENCE_SECONDS = 180.0
REPLAYED_AT_MOST = 200  # clearings; each is solved anew
MOMENT_SECONDS = 10
TABLES = ("lot", "demand", "match", "contract", "clearing", "notice", "delivery", "attempt")


def run(faults: Sequence[Fault], seed: int, minutes: float, folder: Path) -> Report:
    """Does all of it on servers of its own in `folder`. Raises ServerError when they do not start."""
    report = Report(seed, minutes)
    with stage(folder) as on:
        _wait_until_ready(on)
        load = Load(on.base_url, add_traders(on.direct, TRADERS, on.hooks_url), seed, PAUSE_SECONDS)
        report.tally = load.tally
        load.start()
        try:
            _Injector(on, report).run(faults)
        finally:
            last_fault_at = time.monotonic()
            load.stop()
        _wait_until_caught_up(on, report, last_fault_at)
        on.received(load.evidence)
        with on.database() as connection:
            found = check(connection, load.evidence) + not_replayed(on.direct)
            report.violations = lasting(connection, found)
            report.rows = {name: _count(connection, name) for name in TABLES}
            report.rows |= {"webhooks received": len(load.evidence.hooks), "mails": len(load.evidence.mails)}
    return report


class _Injector:
    """Starts each fault at its time and undoes it at its end, and checks after every one that has ended."""

    def __init__(self, on: Stage, report: Report) -> None:
        self._stage, self._report = on, report
        self._lock = threading.Lock()
        self._ended: list[str] = []  # kinds whose fault has ended and was not checked after

    def run(self, faults: Sequence[Fault]) -> None:
        began, done = time.monotonic(), threading.Event()
        checking = threading.Thread(target=self._check_on, args=(done,))
        checking.start()
        threads = []
        try:
            for fault in faults:
                time.sleep(max(0.0, began + fault.at - time.monotonic()))
                threads.append(threading.Thread(target=self._inject, args=(fault,)))
                threads[-1].start()
        finally:
            for thread in threads:
                thread.join()
            done.set()
            checking.join()

    def _inject(self, fault: Fault) -> None:
        until = time.monotonic() + fault.seconds
        try:
            undo = INJECT[fault.kind](self._stage, fault)
        except (OSError, psycopg.Error, redis.RedisError):
            # Another fault has just taken away what this one needs.
            with self._lock:
                self._report.missed[fault.kind] += 1
            return
        try:
            time.sleep(max(0.0, until - time.monotonic()))
        finally:
            undo()
        with self._lock:
            self._report.faults[fault.kind] += 1
            self._ended.append(fault.kind)

    def _check_on(self, done: threading.Event) -> None:
        while not done.wait(0.5) or self._ended:
            with self._lock:
                kinds, self._ended = self._ended, []
            if not kinds:
                continue
            try:
                with self._stage.database() as connection:
                    found = check_always(connection)
            except psycopg.Error:
                with self._lock:  # the database is under a fault itself; the check waits for its end
                    self._ended += kinds
                continue
            for kind in kinds:
                self._report.checks[kind] += 1
                for violation in found:
                    self._report.broken[kind, violation.invariant] += 1


def lasting(connection: Connection, found: Sequence[Violation]) -> list[Violation]:
    """Without what was due at the moment of the check, and done soon after: a retry is due now and then."""
    momentary = {each for each in found if each.invariant == "caught up"}
    deadline = time.monotonic() + MOMENT_SECONDS
    while momentary and time.monotonic() < deadline:
        momentary &= set(not_caught_up(connection))
        time.sleep(0.2)
    return [each for each in found if each.invariant != "caught up" or each in momentary]


def not_replayed(settings: Settings) -> list[Violation]:
    """The clearings whose stored input, cleared again by the service itself, gives something else."""
    ledger = Ledger(settings)
    with ledger.transaction() as session:
        found = [
            Violation("I5", f"clearing {clearing} does not replay: {difference}")
            for clearing in session.scalars(select(Clearing.id).limit(REPLAYED_AT_MOST)).all()
            for difference in replay(session, clearing)
        ]
    ledger.engine.dispose()
    return found


def _wait_until_ready(on: Stage) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not (on.is_ready() and _alive(on) >= 4):
        if time.monotonic() > deadline:
            raise ServerError(f"Not ready in time; the logs in {on.direct.data_folder / 'log'} say why")
        time.sleep(0.2)


def _alive(on: Stage) -> int:
    with on.database() as connection:
        return _count(connection, "heartbeat")


def _wait_until_caught_up(on: Stage, report: Report, since: float) -> None:
    """Notes for each kind of work how much was left at first, and the seconds from `since` to its last.

    After three minutes it gives up, and the checker says what is left.
    """
    while report.caught_up_seconds < CAUGHT_UP_PATIENCE_SECONDS:
        try:
            with on.database() as connection:
                left = backlog(connection)
        except psycopg.Error:
            left = None
        report.caught_up_seconds = time.monotonic() - since
        for kind, count in (left or {}).items():
            report.backlog.setdefault(kind, count)
            report.worked_off_seconds[kind] = report.caught_up_seconds
        if left is not None and not left:
            break
        time.sleep(0.2)


def _count(connection: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608  # our own words
    return int(str(row[0])) if row else 0

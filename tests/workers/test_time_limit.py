"""A clearing that takes longer than it may is ended, and its book remembers."""

import pytest
from sqlalchemy import select

from chaos.signals import children, freeze
from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Book
from tests.market import demand, lot, party
from tests.servers.helpers import eventually
from tests.trading.locks import held, wait_for_waiting
from tests.workers.running import wait_for_alive, worker
from workers.broker import celery_app


@pytest.mark.parametrize("deaf", [False, True])
def test_a_clearing_that_ran_out_of_time_is_ended_and_noted_with_its_book(
    settings: Settings, ledger: Ledger, knowledge: Knowledge, deaf: bool
) -> None:
    """Where the child hears nothing, as in compiled code, the second limit kills it."""
    with worker(settings, "slow") as process:
        wait_for_alive(ledger, "slow")
        with ledger.transaction() as session:
            awaited = lot(session, party(session, "producer"), knowledge).id
            demand(session, party(session, "buyer"), knowledge)
        with held(ledger, awaited):
            hard = 2 if deaf else 20
            celery_app(settings).send_task(
                "clear_book", ["custard_apple"], soft_time_limit=1, time_limit=hard
            )
            wait_for_waiting(ledger)
            if deaf:
                freeze(list(children(process.pid)))
            eventually(lambda: ran_out(ledger))


def ran_out(ledger: Ledger) -> bool:
    with ledger.transaction() as session:
        return session.scalar(select(Book.ran_out_at)) is not None

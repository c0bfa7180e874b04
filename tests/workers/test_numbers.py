"""The numbers of contracts, when a worker dies with some in its hands and others clear at the same time."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, text

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Contract
from matcher.trading.clear import clear
from tests.market import demand, lot, party
from tests.trading.invariants import broken
from tests.trading.locks import wait_for_waiting
from tests.workers.running import kill, wait_for_alive, worker
from workers.bell import bell

OTHERS = ("longan", "lychee", "mango")


def test_no_number_of_a_contract_is_missing_or_given_twice_when_a_worker_dies_among_clearings(
    settings: Settings, ledger: Ledger, knowledge: Knowledge
) -> None:
    with worker(settings, "doomed", queues="clearing") as doomed:
        with ledger.transaction() as session:
            seller, buyer = party(session, "producer"), party(session, "buyer")
            for crop in ("custard_apple", *OTHERS):
                demand(session, buyer, knowledge, crop=crop)
                lot(session, seller, knowledge, crop=crop)
        wait_for_alive(ledger, "doomed")
        with ledger.engine.connect() as holding, ThreadPoolExecutor() as threads:
            # Events are written after the numbers are taken, so whoever waits for this lock has taken some.
            holding.execute(text("LOCK TABLE event IN SHARE MODE"))
            bell(settings)([Ring("clear_book", "custard_apple")])
            wait_for_waiting(ledger)
            clearings = [threads.submit(clear_now, ledger, knowledge, crop) for crop in OTHERS]
            wait_for_waiting(ledger, 1 + len(OTHERS))
            kill(doomed)
            holding.rollback()
            for clearing in clearings:
                clearing.result(60)
    assert serials(ledger) == [1, 2, 3], "what the dead one had taken was given back"
    clear_now(ledger, knowledge, "custard_apple")
    assert serials(ledger) == [1, 2, 3, 4]
    assert broken(ledger) == {}


def clear_now(ledger: Ledger, knowledge: Knowledge, crop: str) -> None:
    with ledger.transaction() as session:
        clear(session, crop, knowledge, ledger.settings)


def serials(ledger: Ledger) -> list[int]:
    with ledger.transaction() as session:
        return list(session.scalars(select(Contract.serial).order_by(Contract.serial)))

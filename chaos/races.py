"""`python -m chaos.races`: many processes change and clear one book at once; then the checker looks."""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg.errors import DeadlockDetected
from rich.console import Console
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chaos.checker import check
from chaos.evidence import Evidence
from chaos.market import demand_body, lot_body
from chaos.stage import POSTGRESQL, plain_url
from chaos.violations import Violation
from config.settings import Settings
from matcher.book.demands import DemandPost, amend_demand, post_demand
from matcher.book.lots import LotPost, amend_lot, post_lot
from matcher.book.orders import withdraw
from matcher.contracts.life import Acceptance, accept, decline, lapse
from matcher.contracts.terms import terms_hash
from matcher.errors import MatcherError
from matcher.knowledge import Knowledge, load_knowledge
from matcher.parties import PartyPost, add_party, get_party
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Demand, Lot, Party
from matcher.trading.clear import clear
from workers.servers import servers

CROP = "custard_apple"
FIRST_ORDERS = 40
Order = TypeVar("Order", Lot, Demand)


def race(settings: Settings, processes: int, races: int, seed: int) -> tuple[Counter[str], list[Violation]]:
    """Runs `races` changes and clearings of one book; what became of them, and what is broken.

    A race is one transaction begun while the others have theirs under way. `deadlock` counts those that
    reached a caller, `deadlocks in all` what PostgreSQL says.
    """
    ledger = Ledger(settings)
    with ledger.transaction() as session:
        parties = [
            add_party(session, PartyPost(kind=kind, name=f"{kind} {n}")).id
            for kind in ("producer", "buyer")
            for n in range(2)
        ]
    shares = [(settings, parties, f"{seed}/{number}", races // processes) for number in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        counted: Counter[str] = sum(pool.starmap(_race_on, shares, chunksize=1), Counter())
    while True:  # what the last of them left to clear
        with ledger.transaction() as session:
            if clear(session, CROP, load_knowledge(settings.config_folder), settings) is None:
                break
    ledger.engine.dispose()
    with psycopg.connect(plain_url(settings), autocommit=True) as connection:
        # Nobody posted over HTTP and nobody delivers here, so of the evidence only the rows can be judged.
        found = [each for each in check(connection, Evidence()) if each.invariant in ("I1", "I2", "I3", "I5")]
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        counted["deadlocks in all"] = int((row.fetchone() or (0,))[0])
        made = connection.execute("SELECT count(*) FROM match").fetchone()
        counted["matches made"] = int((made or (0,))[0])
    return counted, found


def _race_on(settings: Settings, parties: list[UUID], seed: str, races: int) -> Counter[str]:
    ledger, knowledge = Ledger(settings), load_knowledge(settings.config_folder)
    racer = _Racer(knowledge, settings, parties, random.Random(seed))  # noqa: S311
    counted: Counter[str] = Counter()
    acts: list[tuple[str, Callable[[Session], object]]] = [
        ("clear", racer.clear), ("post", racer.post), ("amend", racer.amend), ("withdraw", racer.withdraw),
        ("accept", racer.accept), ("decline", racer.decline), ("lapse", racer.lapse),
    ]  # fmt: skip
    for number in range(races):
        weights = (0, 1, 0, 0, 0, 0, 0) if number < FIRST_ORDERS // 8 else (30, 25, 18, 9, 6, 8, 4)
        name, act = racer.chance.choices(acts, weights)[0]
        try:
            ledger.run(act)
        except MatcherError as refusal:
            counted[f"{name}: {refusal.kind}"] += 1
        except OperationalError as error:
            deadlock = isinstance(error.orig, DeadlockDetected)
            counted["deadlock" if deadlock else f"failed: {error.orig}"] += 1
            counted[f"{name}: deadlock" if deadlock else f"{name}: failed"] += 1
        else:
            counted[f"{name}: done"] += 1
    ledger.engine.dispose()
    return counted


class _Racer:
    """What one process does; it chooses among all orders, so that processes meet on the same rows."""

    def __init__(
        self, knowledge: Knowledge, settings: Settings, parties: list[UUID], chance: random.Random
    ) -> None:
        self.knowledge, self.settings, self.parties, self.chance = knowledge, settings, parties, chance

    def clear(self, session: Session) -> None:
        clear(session, CROP, self.knowledge, self.settings)

    def post(self, session: Session) -> None:
        if self.chance.random() < 0.5:
            body = lot_body(self.chance) | {"crop": CROP}
            post_lot(session, self._party(session, 0), LotPost.model_validate(body), self.knowledge)
        else:
            body = demand_body(self.chance) | {"crop": CROP}
            post_demand(session, self._party(session, 2), DemandPost.model_validate(body), self.knowledge)

    def amend(self, session: Session) -> None:
        changes = {"quantity_kg": self.chance.randint(20, 500)}
        if self.chance.random() < 0.5:
            if lot := self._any(session, Lot):
                amend_lot(session, get_party(session, lot.party_id), lot.id, changes, None, self.knowledge)
        elif demand := self._any(session, Demand):
            owner = get_party(session, demand.party_id)
            amend_demand(session, owner, demand.id, changes, None, self.knowledge)

    def withdraw(self, session: Session) -> None:
        if self.chance.random() < 0.5:
            if lot := self._any(session, Lot):
                withdraw(session, Lot, lot.id, get_party(session, lot.party_id))
        elif demand := self._any(session, Demand):
            withdraw(session, Demand, demand.id, get_party(session, demand.party_id))

    def accept(self, session: Session) -> None:
        if contract := self._contract(session):
            said = Acceptance(signer="Người ký", terms_hash=terms_hash(contract.terms))
            accept(session, contract.id, self._side(session, contract), said, "127.0.0.1")

    def decline(self, session: Session) -> None:
        if contract := self._contract(session):
            decline(session, contract.id, self._side(session, contract), "giá chưa hợp")

    def lapse(self, session: Session) -> None:
        ids = [each.id for each in (self._contract(session), self._contract(session)) if each]
        late = update(Contract).where(Contract.id.in_(ids)).values(deadline_at=func.now())
        session.execute(late.execution_options(synchronize_session=False))
        session.commit()
        lapse(session)

    def _party(self, session: Session, first: int) -> Party:
        return get_party(session, self.parties[first + self.chance.randrange(2)])

    def _any(self, session: Session, kind: type[Order]) -> Order | None:
        query = select(kind).where(kind.state == "open").order_by(func.random()).limit(1)
        return session.scalar(query)

    def _contract(self, session: Session) -> Contract | None:
        waiting = Contract.signature.in_(("draft", "accepted_by_seller", "accepted_by_buyer"))
        return session.scalar(select(Contract).where(waiting).order_by(func.random()).limit(1))

    def _side(self, session: Session, contract: Contract) -> Party:
        return get_party(session, self.chance.choice((contract.seller_id, contract.buyer_id)))


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m chaos.races", description=__doc__)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--processes", type=int, default=8)
    words.add_argument("--races", type=int, default=10_000)
    said = words.parse_args()
    console = Console(markup=False, highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        own = Settings(database_url=None, redis_url=None, data_folder=Path(folder))
        with servers(own, **POSTGRESQL) as ready:
            ledger = Ledger(ready)
            migrate(ledger)
            ledger.engine.dispose()
            began = time.monotonic()
            counted, found = race(ready, said.processes, said.races, said.seed)
    console.print(f"{said.races:,} races by {said.processes} processes in {time.monotonic() - began:.0f} s")
    for name, count in sorted(counted.items()):
        console.print(f"  {name:30} {count:>7,}")
    for violation in found:
        console.print(f"VIOLATION {violation}")
    return 1 if found or counted["deadlock"] else 0


if __name__ == "__main__":
    sys.exit(main())

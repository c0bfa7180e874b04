"""A dump taken while orders come in, loaded into a server that has nothing: the market goes on from there."""

import threading
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chaos.backup import dump, restore
from chaos.checker import check, check_always
from chaos.stage import plain_url
from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Lot, Match
from matcher.trading.clear import clear
from matcher.trading.record.replay import replay
from tests.chaos.sound import connect, trade
from tests.market import demand, lot, party
from workers.servers import servers


def test_a_dump_restored_into_an_empty_server_is_sound_and_trades_on(
    ledger: Ledger, knowledge: Knowledge, tmp_path: Path
) -> None:
    evidence = trade(ledger, knowledge)
    file = tmp_path / "ledger.dump"
    dump(plain_url(ledger.settings), file)
    own = Settings(database_url=None, redis_url=None, data_folder=tmp_path / "new")
    with servers(own, fsync="off") as empty:
        restore(file, plain_url(empty))
        restored = Ledger(empty)
        migrate(restored)  # as `matcher up` does first; there is nothing left to do
        with connect(empty) as connection:
            assert check(connection, evidence) == []
        with restored.transaction() as session:
            for match in session.scalars(select(Match)).all():
                assert replay(session, match.clearing_id) == []
            before = session.scalar(select(func.max(Contract.serial))) or 0
            lot(session, party(session, "producer"), knowledge)
            demand(session, party(session, "buyer"), knowledge)
        with restored.transaction() as session:
            clear(session, "custard_apple", knowledge, empty)
            assert (session.scalar(select(func.max(Contract.serial))) or 0) > before
        with connect(empty) as connection:
            assert check_always(connection) == []
        restored.engine.dispose()


def test_a_restored_database_still_refuses_an_oversell(
    ledger: Ledger, knowledge: Knowledge, tmp_path: Path
) -> None:
    trade(ledger, knowledge)
    file = tmp_path / "ledger.dump"
    dump(plain_url(ledger.settings), file)
    with servers(Settings(database_url=None, redis_url=None, data_folder=tmp_path / "new")) as empty:
        restore(file, plain_url(empty))
        restored = Ledger(empty)
        refused = False
        try:
            with restored.transaction() as session:
                session.scalars(select(Lot)).first().taken_g += 10**9  # type: ignore[union-attr]
        except IntegrityError:
            refused = True
        assert refused
        restored.engine.dispose()


def test_a_dump_taken_under_load_is_of_one_moment(
    ledger: Ledger, knowledge: Knowledge, tmp_path: Path
) -> None:
    trade(ledger, knowledge)
    ended = threading.Event()

    def trade_on() -> None:
        while not ended.is_set():
            with ledger.transaction() as session:
                lot(session, party(session, "producer"), knowledge)
                demand(session, party(session, "buyer"), knowledge)
            with ledger.transaction() as session:
                clear(session, "custard_apple", knowledge, ledger.settings)

    trading = threading.Thread(target=trade_on)
    trading.start()
    file = tmp_path / "ledger.dump"
    try:
        dump(plain_url(ledger.settings), file)
    finally:
        ended.set()
        trading.join()
    with servers(Settings(database_url=None, redis_url=None, data_folder=tmp_path / "new")) as empty:
        restore(file, plain_url(empty))
        with connect(empty) as connection:
            assert check_always(connection) == []

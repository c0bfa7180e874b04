"""Brings a database up to the tables that this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from matcher.store.session import Ledger

# Any fixed number: whoever holds this advisory lock migrates, all others wait for it and find it done.
MIGRATION_LOCK = 20_200_821


def migrate(ledger: Ledger, revision: str = "head") -> None:
    """Runs the migrations that are missing; harmless when several processes call it at once.

    There is no way back: what a later release has written an earlier one can not read. Restore a dump.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with ledger.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

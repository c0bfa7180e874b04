"""The migrations and the tables say the same, down to the last check and index."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from config.settings import Settings
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Base

EVERYTHING = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, udt_name, is_nullable, column_default,
           generation_expression)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


def everything(engine: Engine) -> set[tuple[str, ...]]:
    """Every column, constraint and index of a database but those of the migrations' own book-keeping."""
    with engine.connect() as connection:
        rows = {tuple(row) for row in connection.execute(text(EVERYTHING))}
    return {row for row in rows if row[1] != "alembic_version"}


def test_the_migrations_build_exactly_the_tables_of_the_code(ledger: Ledger, empty: Settings) -> None:
    built = Ledger(empty)
    Base.metadata.create_all(built.engine)
    assert everything(ledger.engine) == everything(built.engine)
    built.engine.dispose()
    with ledger.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_several_processes_may_migrate_an_empty_database_at_once(ledger: Ledger, empty: Settings) -> None:
    several = [Ledger(empty) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, several))
    assert everything(several[0].engine) == everything(ledger.engine)
    for each in several:
        each.engine.dispose()

"""What most tests stand on: one real PostgreSQL and Valkey for the run, a fresh database for each test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import uvicorn
from hypothesis import settings as hypothesis_settings
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from config.settings import Settings
from matcher.api.app import create_app
from matcher.knowledge import Knowledge, load_knowledge
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from workers.servers import servers

# The same examples at every run; and the first call of a compiled function may have to compile it.
hypothesis_settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis_settings.load_profile("tests")


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_knowledge(Settings().config_folder)


@pytest.fixture(scope="session")
def running_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings whose database is an empty, migrated one: the template of every test's own."""
    settings = Settings(
        database_url=None, redis_url=None, data_folder=tmp_path_factory.mktemp("data"), port=0,
        private_addresses_allowed=True,
    )  # fmt: skip
    hasty = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    # A vacuum at work in a test's database could not be ended by the test's role, nor the database dropped.
    with servers(settings, **hasty, autovacuum="off") as running:
        ledger = Ledger(running)
        migrate(ledger)
        ledger.engine.dispose()
        yield running


@pytest.fixture(scope="session")
def template(running_servers: Settings) -> URL:
    """Where the empty, migrated database is."""
    assert running_servers.database_url is not None
    return make_url(running_servers.database_url)


@pytest.fixture(scope="session")
def administration(template: URL) -> Iterator[psycopg.Connection]:
    """What makes and drops databases; to connect for each anew takes as long as to drop it."""
    url = template.set(drivername="postgresql", database="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.fixture
def settings(
    running_servers: Settings, template: URL, administration: psycopg.Connection, tmp_path: Path
) -> Iterator[Settings]:
    """Settings of a database of the test's own, freshly migrated."""
    name = f"test_{uuid4().hex}"
    own, copied = Identifier(name), Identifier(str(template.database))
    administration.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(own, copied))
    url = template.set(database=name).render_as_string(hide_password=False)
    yield running_servers.model_copy(update={"database_url": url, "data_folder": tmp_path})
    administration.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(own))


@pytest.fixture(scope="session")
def compiled(running_servers: Settings) -> Engine:
    """The engine whose statements, once compiled, serve every test."""
    ledger = Ledger(running_servers)
    with ledger.engine.connect():
        pass
    ledger.engine.dispose()
    return ledger.engine


@pytest.fixture
def ledger(settings: Settings, compiled: Engine) -> Iterator[Ledger]:
    """A ledger whose bell is silent: what would ring is due in the tables."""
    ledger = Ledger(settings)
    # To compile them anew for each test's own engine takes a seventh of the suite's time.
    ledger.engine.dialect, ledger.engine._compiled_cache = compiled.dialect, compiled._compiled_cache
    yield ledger
    ledger.engine.dispose()


@pytest.fixture
def base_url(settings: Settings, ledger: Ledger, knowledge: Knowledge) -> Iterator[str]:
    """Where the service answers, on a port of its own."""
    with serving(settings, ledger, knowledge) as url:
        yield url


@contextmanager
def serving(settings: Settings, ledger: Ledger, knowledge: Knowledge) -> Iterator[str]:
    # asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, ledger, knowledge), log_level="error", proxy_headers=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()

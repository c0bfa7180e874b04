from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config.settings import Settings


@pytest.fixture
def empty(settings: Settings) -> Iterator[Settings]:
    """Settings of a database without a single table."""
    url = make_url(settings.database_url or "")
    name = f"empty_{uuid4().hex}"
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    address = url.set(database=name).render_as_string(hide_password=False)
    yield settings.model_copy(update={"database_url": address})
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()

"""A database that takes no changes, or does not answer: an honest 503, and all is well again afterwards."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.api.conftest import Api
from tests.market import lot_body


def run(api: Api, statement: str) -> None:
    """Runs a statement on the server, on a connection of its own outside any transaction."""
    with api.ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(statement))


def read_only(api: Api, name: str, state: str) -> None:
    run(api, f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}')
    api.ledger.engine.dispose()


def full(api: Api, name: str, state: str) -> None:
    """What a full disk answers, raised by the database itself."""
    if state == "on":
        run(
            api,
            """
            CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
            END $$
        """,
        )
        run(api, "CREATE TRIGGER disk_full BEFORE INSERT ON lot FOR EACH ROW EXECUTE FUNCTION disk_full()")
    else:
        run(api, "DROP TRIGGER disk_full ON lot")


@pytest.mark.parametrize("fault", [read_only, full])
def test_a_post_that_the_database_can_not_take_is_a_503_and_works_once_it_can(
    api: Api, fault: Callable[[Api, str, str], None]
) -> None:
    name = str(make_url(str(api.ledger.settings.database_url)).database)
    producer = api.as_new("producer")
    fault(api, name, "on")
    answer = api.post("/v1/lots", json=lot_body(), headers=producer)
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"]
    assert api.get("/v1/lots", headers=producer).json()["items"] == []
    fault(api, name, "off")
    assert api.post("/v1/lots", json=lot_body(), headers=producer).status_code == 201

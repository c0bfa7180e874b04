"""A database that takes no changes, or does not answer: an honest 503, and all is well again afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

import matcher.api.in_flight
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


END_AT_COMMIT = """
    CREATE FUNCTION end_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER end_at_commit AFTER INSERT ON lot DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION end_at_commit()
"""


def test_who_can_not_know_whether_it_was_committed_does_not_say_that_nothing_was_changed(api: Api) -> None:
    headers = api.as_new("producer") | {"Idempotency-Key": "1"}
    run(api, END_AT_COMMIT)
    answer = api.post("/v1/lots", json=lot_body(), headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "unavailable")
    assert "may have been done" in answer.json()["detail"]
    run(api, "DROP TRIGGER end_at_commit ON lot")
    assert api.post("/v1/lots", json=lot_body(), headers=headers).status_code == 201
    assert len(api.get("/v1/lots", headers=headers).json()["items"]) == 1


def test_nobody_waits_for_ever_for_a_frozen_database_and_what_was_late_is_done_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matcher.api.in_flight, "ANSWER_WITHIN_SECONDS", 0.5)
    monkeypatch.setattr(matcher.api.in_flight, "PATIENCE_SECONDS", 1.0)
    producer = api.as_new("producer")

    def post(number: int) -> tuple[int, str]:
        headers = producer | {"Idempotency-Key": str(number)}
        answer = api.post("/v1/lots", json=lot_body(), headers=headers)
        return answer.status_code, answer.json().get("detail", "")

    many = range(matcher.api.in_flight.MOST_AT_ONCE + 10)
    with ThreadPoolExecutor(len(many)) as threads:
        with api.ledger.engine.begin() as freezing:
            freezing.execute(text("LOCK TABLE lot"))
            late = list(threads.map(post, many))
        assert {status for status, _ in late} == {503}
        assert sum("may yet be done" in detail for _, detail in late) == matcher.api.in_flight.MOST_AT_ONCE
        assert sum("nothing was changed" in detail for _, detail in late) == 10
        monkeypatch.setattr(matcher.api.in_flight, "ANSWER_WITHIN_SECONDS", 30)
        monkeypatch.setattr(matcher.api.in_flight, "PATIENCE_SECONDS", 15)
        assert {status for status, _ in threads.map(post, many)} == {201}
    assert len(api.get("/v1/lots?limit=200", headers=producer).json()["items"]) == len(many)

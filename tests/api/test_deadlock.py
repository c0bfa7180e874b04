"""A request that is the victim of a deadlock is handled anew, and its client hears nothing of it."""

from concurrent.futures import ThreadPoolExecutor

import httpx
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from matcher.store.tables import Book, KeptAnswer, Lot
from tests.api.conftest import Api
from tests.market import lot_body
from tests.trading.locks import wait_for_waiting


def cross(session: Session, api: Api, threads: ThreadPoolExecutor, path: str, **words: str) -> httpx.Response:
    """Withdraws a lot while `session` holds its book; then takes the lot, which the request holds."""
    session.execute(select(Book).with_for_update())
    answering = threads.submit(api.post, f"{path}/withdraw", headers=words)
    wait_for_waiting(api.ledger)  # since then the request looks for a deadlock, and is the first to find it
    session.execute(update(Lot).values(ocop_stars=3))
    session.commit()
    return answering.result(20)


def test_a_withdrawal_that_is_the_victim_of_a_deadlock_is_done_all_the_same_and_once(api: Api) -> None:
    producer = api.as_new("producer")
    path = api.post("/v1/lots", json=lot_body(), headers=producer).headers["Location"]
    with ThreadPoolExecutor() as threads, api.ledger.transaction() as session:
        answer = cross(session, api, threads, path, **producer, **{"Idempotency-Key": "once"})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["state"], said["version"], said["ocop_stars"]) == ("withdrawn", 2, 3)
    again = api.post(f"{path}/withdraw", headers={**producer, "Idempotency-Key": "once"})
    assert again.content == answer.content
    with api.ledger.transaction() as session:
        assert len(session.scalars(select(KeptAnswer)).all()) == 1
        (deadlocks,) = session.execute(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).one()
    assert deadlocks >= 1


def test_a_post_that_loses_again_and_again_is_an_honest_503_and_is_not_kept(api: Api) -> None:
    producer = {**api.as_new("producer"), "Idempotency-Key": "mine"}
    with api.ledger.transaction() as session:
        session.execute(
            text(
                """CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                       RAISE EXCEPTION 'lost' USING ERRCODE = '40001';
                   END $$"""
            )
        )
        session.execute(text("CREATE TRIGGER lose BEFORE INSERT ON lot FOR EACH ROW EXECUTE FUNCTION lose()"))
    answer = api.post("/v1/lots", json=lot_body(), headers=producer)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    with api.ledger.transaction() as session:
        session.execute(text("DROP TRIGGER lose ON lot"))
    assert api.post("/v1/lots", json=lot_body(), headers=producer).status_code == 201
    assert len(api.get("/v1/lots", headers=producer).json()["items"]) == 1

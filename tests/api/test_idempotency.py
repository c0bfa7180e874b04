"""A request sent again with its Idempotency-Key is answered again, and done once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import event, func, select, text, update

from matcher.idempotency import KEPT_FOR, forget_answers
from matcher.store.session import Ledger
from matcher.store.tables import KeptAnswer, Lot
from tests.api.conftest import Api
from tests.market import lot_body

KEY = {"Idempotency-Key": "7f3c"}


def lots(ledger: Ledger) -> int:
    with ledger.transaction() as session:
        return session.scalar(select(func.count()).select_from(Lot)) or 0


def test_a_repeated_post_gets_the_first_answer_byte_for_byte_and_makes_one_lot(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    first, again = (api.post("/v1/lots", json=lot_body(), headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == again.headers[name]
    assert lots(api.ledger) == 1


def test_posts_that_arrive_at_once_with_one_key_make_one_lot_and_get_one_answer(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: api.post("/v1/lots", json=lot_body(), headers=headers), range(24))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert lots(api.ledger) == 1


def test_a_key_sent_with_another_body_is_refused(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    api.post("/v1/lots", json=lot_body(), headers=headers)
    answer = api.post("/v1/lots", json=lot_body(ask=1), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["path"] == "Idempotency-Key"
    assert lots(api.ledger) == 1


def test_the_same_key_of_another_party_is_another_key(api: Api) -> None:
    answers = [api.post("/v1/lots", json=lot_body(), headers=api.as_new("producer") | KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert lots(api.ledger) == 2


def test_a_refused_post_leaves_its_key_free(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    assert api.post("/v1/lots", json=lot_body(grade="best"), headers=headers).status_code == 422
    assert api.post("/v1/lots", json=lot_body(place="Atlantis"), headers=headers).status_code == 422
    assert api.post("/v1/lots", json=lot_body(), headers=headers).status_code == 201


def test_amending_and_withdrawing_are_done_once_too(api: Api) -> None:
    headers = api.as_new("producer")
    address = api.post("/v1/lots", json=lot_body(), headers=headers).headers["Location"]
    amend, take_back = (
        headers | {"Idempotency-Key": "a", "If-Match": '"1"'},
        headers | {"Idempotency-Key": "b"},
    )
    amended = [api.patch(address, json={"ask": 1}, headers=amend) for _ in range(2)]
    assert [answer.json()["version"] for answer in amended] == [2, 2]
    withdrawn = [api.post(f"{address}/withdraw", headers=take_back) for _ in range(2)]
    assert [(answer.status_code, answer.json()["version"]) for answer in withdrawn] == [(200, 3), (200, 3)]


def test_a_key_of_another_address_is_refused(api: Api) -> None:
    headers = api.as_new("producer")
    one, other = (
        api.post("/v1/lots", json=lot_body(), headers=headers).headers["Location"] for _ in range(2)
    )
    assert api.post(f"{one}/withdraw", headers=headers | KEY).status_code == 200
    assert api.post(f"{other}/withdraw", headers=headers | KEY).status_code == 422


def test_an_answer_is_kept_for_48_hours(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    api.post("/v1/lots", json=lot_body(), headers=headers)
    for age, kept in ((KEPT_FOR - timedelta(minutes=1), 1), (KEPT_FOR + timedelta(minutes=1), 0)):
        with api.ledger.transaction() as session:
            session.execute(update(KeptAnswer).values(kept_at=func.now() - age))
            forget_answers(session)
            assert session.scalar(select(func.count()).select_from(KeptAnswer)) == kept


def test_a_key_that_is_too_long_is_refused(api: Api) -> None:
    headers = api.as_new("producer") | {"Idempotency-Key": "x" * 256}
    assert api.post("/v1/lots", json=lot_body(), headers=headers).status_code == 422


def test_an_answer_that_is_forgotten_while_it_is_looked_for_is_no_error(api: Api) -> None:
    headers = api.as_new("producer") | KEY
    assert api.post("/v1/lots", json=lot_body(), headers=headers).status_code == 201
    forgotten: list[int] = []

    def forget_now(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO kept_answer") and not forgotten:
            with api.ledger.engine.begin() as other:
                forgotten.append(other.execute(text("DELETE FROM kept_answer")).rowcount)

    event.listen(api.ledger.engine, "after_cursor_execute", forget_now)
    assert api.post("/v1/lots", json=lot_body(), headers=headers).status_code == 201
    assert forgotten == [1]
    assert lots(api.ledger) == 2

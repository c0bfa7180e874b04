"""What is asked in a way that can not be meant is refused and told what would be right."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from matcher.notices.record import record
from matcher.store.tables import Contact, Delivery, Party
from tests.api.conftest import Api
from tests.market import lot_body
from tests.notices.letters import match_made

URL = "https://erp.example.vn/hook"


@pytest.fixture
def own(api: Api) -> dict[str, str]:
    return api.as_new("producer", email="htx@example.vn")


@pytest.mark.parametrize(
    ("address", "wrong", "known"),
    [
        ("/v1/lots?stat=open", "stat", "state"),
        ("/v1/lots?state=open&State=open", "State", "state"),
        ("/v1/notices?limit=2&page=3", "page", "cursor"),
        ("/v1/events?since=1", "since", "cursor"),
        ("/v1/crops?q=na", "q", "none"),
        ("/v1/parties/me?utm_source=mail", "utm_source", "none"),
    ],
)
def test_a_parameter_that_an_address_has_not_is_refused_with_those_it_has(
    api: Api, own: dict[str, str], address: str, wrong: str, known: str
) -> None:
    answer = api.get(address, headers=own)
    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert fault["path"] == wrong
    assert known in fault["remedy"]


def test_a_parameter_is_given_once_and_known_ones_are_taken_on_every_page(
    api: Api, own: dict[str, str]
) -> None:
    (fault,) = api.get("/v1/lots?state=open&state=filled", headers=own).json()["faults"]
    assert (fault["path"], fault["message"]) == ("state", "given 2 times")
    for _ in range(2):
        assert api.post("/v1/lots", json=lot_body(), headers=own).status_code == 201
    first = api.get("/v1/lots?state=open&crop=custard_apple&limit=1", headers=own)
    assert len(api.get(first.links["next"]["url"], headers=own).json()["items"]) == 1


def test_links_to_pages_may_pick_up_parameters_on_their_way(api: Api, own: dict[str, str]) -> None:
    page = api.post("/v1/lots", json=lot_body(), headers=own).json()["page"]
    for query in ("?utm_source=zalo&fbclid=x", "?language=en&language=vi", "?language=fr"):
        assert api.get(f"{page}{query}").status_code == 200


@pytest.mark.parametrize(
    ("tag", "status"),
    [('"99999999999999999999"', 412), ('"2"', 412), ('"1"', 200), ("", 422), ("1", 422), ('"x"', 422)],
)
def test_a_version_that_no_order_can_have_has_passed_and_an_empty_tag_is_none(
    api: Api, own: dict[str, str], tag: str, status: int
) -> None:
    path = api.post("/v1/lots", json=lot_body(), headers=own).headers["location"]
    answer = api.patch(path, json={"ask": 21_000}, headers=own | {"If-Match": tag})
    assert answer.status_code == status
    if status == 422:
        assert "leave the header out" in answer.json()["faults"][0]["remedy"]


def test_an_empty_idempotency_key_is_refused_and_not_taken_as_none(api: Api, own: dict[str, str]) -> None:
    answer = api.post("/v1/lots", json=lot_body(), headers=own | {"Idempotency-Key": ""})
    assert answer.status_code == 422
    assert "leave it out" in answer.json()["faults"][0]["remedy"]
    assert api.get("/v1/lots", headers=own).json()["items"] == []


def test_a_replay_names_one_thing_in_range_that_has_ended(api: Api, own: dict[str, str]) -> None:
    path = api.post("/v1/endpoints", json={"url": URL}, headers=own).headers["location"]
    with api.ledger.transaction() as session:
        record(session, [match_made(session.scalars(select(Party)).one())])
        tried = session.scalars(select(Delivery.id).where(Delivery.channel == "webhook")).one()
    for said, status, words in (
        ({}, 422, "nothing is named"),
        ({"delivery_id": str(tried), "since": "2026-08-21T05:00:00+07:00"}, 422, "both are named"),
        ({"since": "9999-12-31T00:00:00Z"}, 422, "years 2000 to 2199"),
        ({"since": "0001-01-01T00:00:00+14:00"}, 422, "years 2000 to 2199"),
        ({"since": "2026-08-21T05:00:00"}, 422, "offset from UTC"),
        ({"delivery_id": str(tried)}, 409, "still being tried"),
        ({"delivery_id": str(uuid4())}, 404, "No delivery"),
    ):
        answer = api.post(f"{path}/replay", json=said, headers=own)
        assert answer.status_code == status, said
        assert words in answer.json()["detail"]


def test_kinds_that_are_given_twice_are_kept_once(api: Api, own: dict[str, str]) -> None:
    said = {"channel": "email", "address": "khac@example.vn", "at_once": ["match.made", "match.made"]}
    kinds = ["order.filled", "match.made", "order.filled"]
    made = api.post("/v1/contacts", json=said | {"kinds": kinds}, headers=own)
    assert (made.json()["kinds"], made.json()["at_once"]) == (["order.filled", "match.made"], ["match.made"])
    changed = api.patch(made.headers["location"], json={"kinds": ["order.filled"] * 2}, headers=own)
    assert changed.json()["kinds"] == ["order.filled"]


@pytest.mark.parametrize("link", ["/stop/xyz", "/stop/%20", "/o/xyz", "/c/xyz", "/c/xyz.pdf", "/c/%00"])
def test_a_link_that_leads_nowhere_opens_a_page_that_says_so(api: Api, link: str) -> None:
    answer = api.get(link)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    for words in ("Không có gì ở đường dẫn này", "There is nothing behind this link"):
        assert words in answer.text


def test_head_is_answered_as_get_is_without_a_body(api: Api, own: dict[str, str]) -> None:
    with api.ledger.transaction() as session:
        stop = f"/stop/{session.scalars(select(Contact.token)).one()}"
    page = api.post("/v1/lots", json=lot_body(), headers=own).json()["page"]
    for path in (stop, page, "/v1/lots", "/readyz", "/verify"):
        answer, full = api.head(path, headers=own), api.get(path, headers=own)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == full.headers["content-length"]
    assert api.head("/stop/xyz").status_code == 404
    assert api.get("/v1/contacts", headers=own).json()["items"][0]["stopped_at"] is None

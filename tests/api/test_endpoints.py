"""Endpoints over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from sqlalchemy import func, select, update

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.notices.endpoints import MOST
from matcher.store.session import Ledger
from matcher.store.tables import Endpoint
from tests.api.conftest import Api
from tests.conftest import serving

URL = "https://erp.example.vn/hook"


def test_an_endpoint_is_made_changed_tested_and_removed(api: Api) -> None:
    own, stranger = api.as_new("buyer"), api.as_new("buyer")
    made = api.post("/v1/endpoints", json={"url": URL, "kinds": ["match.made"]}, headers=own)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    assert made.json()["secret"].startswith("whsec_")
    shown = api.get(path, headers=own).json()
    assert shown["kinds"] == ["match.made"]
    assert "secret" not in shown
    assert api.get("/v1/endpoints", headers=own).json()["items"] == [shown]
    assert api.get("/v1/endpoints", headers=stranger).json()["items"] == []
    assert api.get(path, headers=stranger).status_code == 404

    rotated = api.post(f"{path}/rotate", headers=own).json()
    assert rotated["secret"] != made.json()["secret"]
    assert rotated["former_secret_until"]
    off = api.patch(path, json={"enabled": False}, headers=own).json()
    assert off["disabled_reason"] == "owner"
    assert api.post(f"{path}/replay", json={"since": off["created_at"]}, headers=own).status_code == 409
    assert api.patch(path, json={"enabled": True, "kinds": None}, headers=own).json()["kinds"] is None
    assert api.post(f"{path}/test", headers=own).status_code == 202
    assert api.get(f"{path}/attempts", headers=own).json() == {"items": []}
    assert api.delete(path, headers=stranger).status_code == 404
    assert api.delete(path, headers=own).status_code == 204
    assert api.get(path, headers=own).status_code == 404


def test_what_is_no_endpoint_is_refused_with_the_field(api: Api) -> None:
    own = api.as_new("producer")
    for said, path in (
        ({"url": "na"}, "url"),
        ({"url": URL, "kinds": ["rain"]}, "kinds.0"),
        ({"url": URL, "kinds": []}, "kinds"),
        ({"url": URL, "per_minute": "60"}, "per_minute"),
        ({"url": URL, "secret": "x"}, "secret"),
        ({}, "url"),
    ):
        answer = api.post("/v1/endpoints", json=said, headers=own)
        assert answer.status_code == 422
        assert path in [fault["path"] for fault in answer.json()["faults"]], answer.text


def test_an_address_obeys_the_rules_of_text(api: Api) -> None:
    own = api.as_new("buyer")
    path = api.post("/v1/endpoints", json={"url": URL}, headers=own).headers["location"]
    odd = ("/\0", "/\u0001", "/\u007f", "/\u200b", "/\u202e", "/mo\u0301c")
    for url in ("https://a\0.vn/x", *(f"https://a.vn{each}" for each in odd)):
        for answer in (
            api.post("/v1/endpoints", json={"url": url}, headers=own),
            api.patch(path, json={"url": url}, headers=own),
        ):
            assert (answer.status_code, answer.json()["faults"][0]["path"]) == (422, "url"), answer.text


def test_what_is_plainly_private_is_refused_when_it_is_registered_or_changed(
    settings: Settings, ledger: Ledger, knowledge: Knowledge
) -> None:
    guarded = settings.model_copy(update={"private_addresses_allowed": False})
    with serving(guarded, ledger, knowledge) as url, Api(url, ledger) as api:
        own = api.as_new("buyer")
        made = api.post("/v1/endpoints", json={"url": "https://erp.example.vn/hook"}, headers=own)
        assert made.status_code == 201
        for private in ("http://127.1/hook", "http://localhost:9000/", "http://[::1]/", "http://[::1/"):
            said = {"url": private}
            for answer in (
                api.post("/v1/endpoints", json=said, headers=own),
                api.patch(made.headers["location"], json=said, headers=own),
            ):
                assert answer.status_code == 422, private
                (fault,) = answer.json()["faults"]
                assert (fault["path"], "https://erp.example.vn/hook" in fault["remedy"]) == ("url", True)


def at_once(times: int, ask: Callable[[int], httpx.Response]) -> list[int]:
    """The statuses of so many requests made at the same time, in ascending order."""
    with ThreadPoolExecutor(times) as threads:
        return sorted(answer.status_code for answer in threads.map(ask, range(times)))


def test_of_requests_that_claim_one_address_at_once_one_has_it_and_the_others_are_told(api: Api) -> None:
    own = api.as_new("buyer")
    posted = at_once(6, lambda _: api.post("/v1/endpoints", json={"url": URL}, headers=own))
    assert posted == [201, 422, 422, 422, 422, 422]
    paths = [
        api.post("/v1/endpoints", json={"url": f"{URL}/{number}"}, headers=own).headers["location"]
        for number in range(6)
    ]
    said = {"url": f"{URL}/same"}
    changed = at_once(6, lambda number: api.patch(paths[number], json=said, headers=own))
    assert changed == [200, 422, 422, 422, 422, 422]


def test_no_party_comes_by_more_than_twenty_endpoints_by_asking_at_once(api: Api) -> None:
    own = api.as_new("buyer")
    for number in range(MOST - 1):
        api.post("/v1/endpoints", json={"url": f"{URL}/{number}"}, headers=own)
    said = at_once(
        6, lambda number: api.post("/v1/endpoints", json={"url": f"{URL}/more/{number}"}, headers=own)
    )
    assert said == [201, 409, 409, 409, 409, 409]


def test_of_changes_of_a_secret_at_once_one_counts_and_the_secret_in_use_goes_on_signing(api: Api) -> None:
    own = api.as_new("buyer")
    made = api.post("/v1/endpoints", json={"url": URL}, headers=own)
    path = made.headers["location"]
    assert at_once(4, lambda _: api.post(f"{path}/rotate", headers=own)) == [200, 409, 409, 409]
    with api.ledger.transaction() as session:
        assert session.scalars(select(Endpoint.former_secret)).one() == made.json()["secret"]
        session.execute(update(Endpoint).values(former_secret_until=func.now()))
    assert api.post(f"{path}/rotate", headers=own).status_code == 200

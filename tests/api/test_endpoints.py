"""Endpoints over HTTP."""

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
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
        ({"url": URL, "secret": "x"}, "secret"),
        ({}, "url"),
    ):
        answer = api.post("/v1/endpoints", json=said, headers=own)
        assert answer.status_code == 422
        assert path in [fault["path"] for fault in answer.json()["faults"]], answer.text


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

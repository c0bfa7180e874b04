"""Frame agreements over HTTP, and their page."""

import html
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.market import CHI_LANG, day


def body(sides: list[str], **other: Any) -> dict[str, Any]:
    return {
        "kind": "frame", "parties": sides, "clauses": ["Bao tiêu <toàn bộ>"],
        "goods": {
            "crop": "custard_apple", "grade": "grade_1", "quantity_kg": 10_000, "price": 30_000,
            "from_day": day(0), "until_day": day(60), "origin": CHI_LANG, "destination": "Hà Nội",
        },
    } | other  # fmt: skip


def test_a_season_is_agreed_drawn_down_and_read_as_a_page(api: Api) -> None:
    seller, buyer = api.as_new("producer", "HTX <Chi Lăng>"), api.as_new("buyer", "Chợ đầu mối")
    ids = [api.get("/v1/parties/me", headers=headers).json()["id"] for headers in (seller, buyer)]
    drafted = api.post("/v1/frames", json=body(ids), headers=buyer)
    assert drafted.status_code == 201, drafted.text
    path = drafted.headers["location"]
    said = {"signer": "Giám đốc", "terms_hash": drafted.json()["terms_hash"]}
    assert api.post(f"{path}/sign", json=said, headers=seller).json()["state"] == "draft"
    assert api.post(f"{path}/sign", json=said, headers=buyer).json()["state"] == "agreed"
    wanted = {"quantity_kg": "1250.5", "deliver_from": day(1), "deliver_until": day(4)}
    called = api.post(f"{path}/calls", json=wanted, headers=buyer)
    assert called.status_code == 201, called.text
    assert called.json()["terms"]["quantity_kg"] == "1250.5"
    seen = api.get(path, headers=seller).json()
    assert (seen["called_kg"], seen["remaining_kg"]) == ("1250.5", "8749.5")
    assert seen["contracts"] == [called.json()["id"]]

    page = api.get(f"{path}.html", headers=seller)
    for part in ("HỢP ĐỒNG NGUYÊN TẮC", "10.000 kg", "8.749,5 kg", "30.000 đ/kg", seen["number"]):
        assert part in page.text, part
    assert html.escape("HTX <Chi Lăng>") in page.text
    assert "<toàn bộ>" not in page.text
    for form in ("html", "pdf", "evidence"):
        content = api.get(f"{path}{'/' if form == 'evidence' else '.'}{form}", headers=seller).content
        verdict = api.post("/v1/verify", content=content).json()
        assert (verdict["genuine"], verdict["now"], verdict["version_now"]) == (True, "agreed", 1), form
    assert api.get(f"{path}.docx", headers=buyer).status_code == 200
    assert api.get(f"{path}/evidence", headers=api.as_new("buyer")).status_code == 404
    assert api.get(f"{path}.html", headers=api.as_new("buyer")).status_code == 404
    assert api.post(f"{path}/end", json={"reason": "Hết mùa"}, headers=seller).json()["state"] == "ended"
    assert len(api.get("/v1/frames", headers=buyer).json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "path", "message", "remedy"),
    [
        ({"parties": []}, "parties", "too few", "Give at least 2."),
        ({"clauses": ["a"] * 51}, "clauses", "too many", "Give at most 50."),
        ({"clauses": ["a" * 2001]}, "clauses.0", "too long", "Give at most 2000 characters."),
        ({"kind": "lease"}, "kind", "not one of the choices", "Give 'frame' or 'memorandum'."),
    ],
)
def test_what_a_frame_can_not_be_is_said_in_plain_words(
    api: Api, changes: dict[str, Any], path: str, message: str, remedy: str
) -> None:
    answer = api.post("/v1/frames", json=body([], **changes), headers=api.as_new("buyer"))
    fault = next(each for each in answer.json()["faults"] if each["path"] == path)
    assert (fault["message"], fault["remedy"]) == (message, remedy)


def test_what_is_wrong_with_a_frame_is_named(api: Api) -> None:
    buyer = api.as_new("buyer")
    me = api.get("/v1/parties/me", headers=buyer).json()["id"]
    answer = api.post("/v1/frames", json=body([me, me]), headers=buyer)
    assert answer.status_code == 422
    assert "parties" in [fault["path"] for fault in answer.json()["faults"]]

from uuid import uuid4

import pytest

from tests.api.conftest import Api
from tests.market import day, demand_body, lot_body


def test_a_posted_lot_reads_back_with_every_field(api: Api) -> None:
    producer = api.as_new("producer")
    certificate = {"scheme": "vietgap", "number": "VG-1", "valid_from": day(-10), "valid_until": day(300)}
    body = lot_body(
        variety="na_dai", min_take_kg="50", multiple_kg="12.5", storage="cool", certificates=[certificate],
        ocop_stars=4, growing_area_code="VN-LSOR-0001", forecast=True,
    )  # fmt: skip
    posted = api.post("/v1/lots", json=body, headers=producer)
    assert posted.status_code == 201, posted.text
    read = api.get(posted.headers["Location"], headers=producer)
    assert read.json() == posted.json()
    assert read.headers["ETag"] == '"1"'
    for field in body.keys() - {"place", "quantity_kg"}:
        assert read.json()[field] == body[field], field
    assert read.json()["quantity_kg"] == read.json()["remaining_kg"] == "1000"
    assert read.json()["place"]["name"] == "Xã Chi Lăng, Tỉnh Lạng Sơn"


def test_a_posted_demand_reads_back_with_every_field(api: Api) -> None:
    buyer = api.as_new("buyer")
    body = demand_body(
        varieties=["na_dai"], min_fill_kg="500", min_take_kg="100", max_sellers=3, max_distance_km=150,
        certificates_required=["vietgap"], min_ocop_stars=3, market="VN", min_shelf_life_days=1,
    )  # fmt: skip
    posted = api.post("/v1/demands", json=body, headers=buyer)
    assert posted.status_code == 201, posted.text
    read = api.get(posted.headers["Location"], headers=buyer).json()
    for field in body.keys() - {"place", "quantity_kg"}:
        assert read[field] == body[field], field


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        (0.1, "0.1"),
        ("1250.125", "1250.125"),
        ({"amount": "1.5", "unit": "tấn"}, "1500"),
        ({"amount": 12, "unit": "tạ"}, "1200"),
        ({"amount": 3, "unit": "yen"}, "30"),
        ({"amount": 2, "unit": "TNE"}, "2000"),
        ({"amount": 7, "unit": "crate"}, "140"),
    ],
)
def test_any_unit_is_kept_in_exact_kilograms(api: Api, posted: object, kept: str) -> None:
    answer = api.post("/v1/lots", json=lot_body(quantity_kg=posted), headers=api.as_new("producer"))
    assert answer.json()["quantity_kg"] == kept


def test_only_producers_post_lots_and_only_buyers_demands(api: Api) -> None:
    assert api.post("/v1/lots", json=lot_body(), headers=api.as_new("buyer")).status_code == 403
    assert api.post("/v1/demands", json=demand_body(), headers=api.as_new("producer")).status_code == 403
    assert api.post("/v1/lots", json=lot_body(), headers=api.as_new("operator")).status_code == 403


def test_without_a_valid_key_nothing_is_told(api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer matcher_guess"}, {"Authorization": "Basic eA=="}):
        answer = api.get("/v1/lots", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_order_of_another_party_is_as_good_as_absent(api: Api) -> None:
    owner, other, operator = api.as_new("producer"), api.as_new("producer"), api.as_new("operator")
    address = api.post("/v1/lots", json=lot_body(), headers=owner).headers["Location"]
    hidden, absent = (api.get(path, headers=other) for path in (address, f"/v1/lots/{uuid4()}"))
    assert (hidden.status_code, hidden.json()["title"]) == (absent.status_code, absent.json()["title"])
    assert hidden.status_code == 404
    assert api.patch(address, json={"ask": 1}, headers=other).status_code == 404
    assert api.post(f"{address}/withdraw", headers=other).status_code == 404
    assert api.get("/v1/lots", headers=other).json()["items"] == []
    assert api.get(address, headers=operator).status_code == 200
    assert len(api.get("/v1/lots", headers=operator).json()["items"]) == 1


def test_an_amendment_changes_only_what_it_names(api: Api) -> None:
    producer = api.as_new("producer")
    posted = api.post("/v1/lots", json=lot_body(multiple_kg=10), headers=producer)
    amended = api.patch(posted.headers["Location"], json={"ask": 18_000}, headers=producer)
    assert amended.status_code == 200, amended.text
    assert amended.json() == posted.json() | {"ask": 18_000, "version": 2}


@pytest.mark.parametrize("place", [{"latitude": 21.61, "longitude": 106.55}, "Hữu Lũng, Lạng Sơn"])
def test_an_amendment_keeps_the_place_however_it_was_given(api: Api, place: object) -> None:
    producer = api.as_new("producer")
    posted = api.post("/v1/lots", json=lot_body(place=place), headers=producer)
    amended = api.patch(posted.headers["Location"], json={"ask": 18_000}, headers=producer)
    assert amended.json()["place"] == posted.json()["place"]


def test_an_amendment_is_checked_like_a_post(api: Api) -> None:
    producer = api.as_new("producer")
    address = api.post("/v1/lots", json=lot_body(), headers=producer).headers["Location"]
    for changes, path in (({"ask": "dear"}, "ask"), ({"crop": "longan"}, "crop"), ({"colour": 1}, "colour")):
        answer = api.patch(address, json=changes, headers=producer)
        assert answer.status_code == 422, answer.text
        assert path in {fault["path"] for fault in answer.json()["faults"]}
    assert api.get(address, headers=producer).json()["version"] == 1


def test_an_amendment_of_a_passed_version_is_refused(api: Api) -> None:
    producer = api.as_new("producer")
    address = api.post("/v1/lots", json=lot_body(), headers=producer).headers["Location"]
    first = api.patch(address, json={"ask": 1000}, headers=producer | {"If-Match": '"1"'})
    second = api.patch(address, json={"ask": 2000}, headers=producer | {"If-Match": '"1"'})
    assert (first.status_code, second.status_code) == (200, 412)
    assert api.patch(address, json={"ask": 1}, headers=producer | {"If-Match": "one"}).status_code == 422
    taken_back = [
        api.post(f"{address}/withdraw", headers=producer | {"If-Match": tag}) for tag in ('"1"', '"2"')
    ]
    assert [answer.status_code for answer in taken_back] == [412, 200]


def test_a_withdrawn_order_is_closed_for_good(api: Api) -> None:
    buyer = api.as_new("buyer")
    address = api.post("/v1/demands", json=demand_body(), headers=buyer).headers["Location"]
    assert api.post(f"{address}/withdraw", headers=buyer).json()["state"] == "withdrawn"
    again = api.post(f"{address}/withdraw", headers=buyer)
    assert again.status_code == 409
    assert "withdrawn" in again.json()["detail"]
    assert api.patch(address, json={"bid": 1}, headers=buyer).status_code == 409


def test_a_list_leads_through_all_its_pages_newest_first(api: Api) -> None:
    producer = api.as_new("producer")
    posted = [api.post("/v1/lots", json=lot_body(), headers=producer).json()["id"] for _ in range(5)]
    seen, address = [], "/v1/lots?limit=2"
    while address:
        answer = api.get(address, headers=producer)
        seen += [lot["id"] for lot in answer.json()["items"]]
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == posted[::-1]


def test_a_list_can_be_narrowed_to_a_state_and_a_crop(api: Api) -> None:
    producer = api.as_new("producer")
    address = api.post("/v1/lots", json=lot_body(), headers=producer).headers["Location"]
    api.post(f"{address}/withdraw", headers=producer)
    assert len(api.get("/v1/lots?state=withdrawn&crop=custard_apple", headers=producer).json()["items"]) == 1
    assert api.get("/v1/lots?state=open", headers=producer).json()["items"] == []
    assert api.get("/v1/lots?crop=longan", headers=producer).json()["items"] == []
    assert api.get("/v1/lots?state=sold", headers=producer).status_code == 422

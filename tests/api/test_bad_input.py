"""Whatever is posted, the answer is clear and the ledger stays whole."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from matcher.book.lots import LotPost
from matcher.store.tables import Book, Lot
from tests.api.conftest import Api
from tests.market import day, demand_body, lot_body

CERTIFICATE = {"scheme": "vietgap", "number": "1", "valid_from": day(0), "valid_until": day(1)}

BAD_LOTS: list[tuple[str, dict[str, Any], str]] = [
    ("negative quantity", {"quantity_kg": -5}, "quantity_kg"),
    ("no quantity", {"quantity_kg": 0}, "quantity_kg"),
    ("absurd quantity", {"quantity_kg": 10**30}, "quantity_kg"),
    ("absurd quantity in words", {"quantity_kg": "1e30"}, "quantity_kg"),
    ("finer than a gram", {"quantity_kg": "1.0005"}, "quantity_kg"),
    ("a list for a quantity", {"quantity_kg": [5]}, "quantity_kg"),
    ("true for a quantity", {"quantity_kg": True}, "quantity_kg"),
    ("unknown unit", {"quantity_kg": {"amount": 5, "unit": "thúng"}}, "quantity_kg.unit"),
    ("a gánh is no fixed weight", {"quantity_kg": {"amount": 5, "unit": "gánh"}}, "quantity_kg.unit"),
    ("minimum above the whole", {"min_take_kg": 2000}, "min_take_kg"),
    ("multiple of nothing", {"multiple_kg": 0}, "multiple_kg"),
    ("price with a fraction", {"ask": 20000.5}, "ask"),
    ("price in quotes", {"ask": "20000"}, "ask"),
    ("negative price", {"ask": -1}, "ask"),
    ("absurd price", {"ask": 10**18}, "ask"),
    ("until before from", {"harvest_from": day(3), "harvest_until": day(1)}, "harvest_until"),
    ("a day that is none", {"harvest_from": "2026-02-30"}, "harvest_from"),
    ("a number for a day", {"harvest_from": 20260821}, "harvest_from"),
    ("already spoilt", {"harvest_from": day(-30), "harvest_until": day(-20)}, "harvest_until"),
    ("unknown crop", {"crop": "unobtainium"}, "crop"),
    ("unknown variety", {"variety": "na_thai"}, "variety"),
    ("unknown grade", {"grade": "best"}, "grade"),
    ("unknown place", {"place": "Atlantis"}, "place"),
    ("ambiguous place", {"place": "Tân Thành"}, "place"),
    ("code without vintage", {"place": {"code": "06463"}}, "place.vintage"),
    ("unknown code", {"place": {"code": "99999", "vintage": "2025"}}, "place.code"),
    ("a place at sea", {"place": {"latitude": 0, "longitude": 0}}, "place.latitude"),
    ("half a coordinate", {"place": {"latitude": 21.5}}, "place"),
    ("decomposed text", {"growing_area_code": unicodedata.normalize("NFD", "Chi Lăng")}, "growing_area_code"),
    ("decomposed place", {"place": unicodedata.normalize("NFD", "Xã Chi Lăng, Tỉnh Lạng Sơn")}, "place.name"),
    ("a null byte", {"growing_area_code": "VN\x00LSOR"}, "growing_area_code"),
    ("misspelt field", {"quantity": 5}, "quantity"),
    ("unknown scheme", {"certificates": [CERTIFICATE | {"scheme": "none"}]}, "certificates.0.scheme"),
    ("certificate backwards", {"certificates": [CERTIFICATE | {"valid_until": day(-1)}]},
     "certificates.0.valid_until"),
    ("six stars", {"ocop_stars": 6}, "ocop_stars"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "path"), BAD_LOTS, ids=[what for what, _, _ in BAD_LOTS])
def test_a_wrong_field_is_named_with_its_remedy_and_nothing_is_kept(
    api: Api, what: str, changes: dict[str, Any], path: str
) -> None:
    answer = api.post("/v1/lots", json=lot_body(**changes), headers=api.as_new("producer"))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:harvest-matcher:problem:invalid"
    fault = next((fault for fault in problem["faults"] if fault["path"] == path), None)
    assert fault, problem["faults"]
    assert fault["message"]
    assert fault["remedy"]
    with api.ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == 0
        assert session.scalar(select(func.count()).select_from(Book)) == 0


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("no JSON", b"{quantity_kg: many}"),
        ("nothing", b""),
        ("not UTF-8", b'{"crop": "\xff\xfe"}'),
        ("a list", b"[1, 2]"),
        ("NaN", b'{"quantity_kg": NaN}'),
        ("Infinity", b'{"ask": Infinity}'),
        ("deep nesting", b"[" * 50_000),
        ("a lone surrogate", b'{"crop": "\\ud800"}'),
        ("a huge integer", b'{"ask": ' + b"9" * 5000 + b"}"),
    ],
)
def test_a_broken_body_is_a_problem_of_the_sender(api: Api, what: str, body: bytes) -> None:
    headers = api.as_new("producer") | {"Content-Type": "application/json"}
    answer = api.post("/v1/lots", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_not_a_number_is_named_at_its_field(api: Api) -> None:
    body = b'{"crop": "custard_apple", "quantity_kg": NaN}'
    headers = api.as_new("producer") | {"Content-Type": "application/json"}
    answer = api.post("/v1/lots", content=body, headers=headers)
    assert any(fault["path"] == "quantity_kg" for fault in answer.json()["faults"])


def test_json_that_is_not_said_to_be_json_is_told_how_to_say_so(api: Api) -> None:
    headers = api.as_new("producer") | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.post("/v1/lots", content=json.dumps(lot_body()).encode(), headers=headers)
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["detail"]


def test_a_body_of_five_megabytes_is_refused_unread(api: Api) -> None:
    answer = api.post("/v1/lots", content=b" " * 5_000_000, headers=api.as_new("producer"))
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:harvest-matcher:problem:too-large"


def test_a_body_that_hides_its_length_is_refused_as_well(api: Api) -> None:
    chunks = (b" " * 100_000 for _ in range(50))
    answer = api.post("/v1/lots", content=chunks, headers=api.as_new("producer"))
    assert answer.status_code == 413


def test_every_fault_of_a_post_is_named_at_once(api: Api) -> None:
    body = lot_body(grade="best", variety="na_thai", quantity_kg="0.0001", place="Atlantis")
    answer = api.post("/v1/lots", json=body, headers=api.as_new("producer"))
    paths = {fault["path"] for fault in answer.json()["faults"]}
    assert {"grade", "variety", "quantity_kg", "place"} <= paths


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"min_fill_kg": 5000}, "min_fill_kg"),
        ({"max_sellers": 0}, "max_sellers"),
        ({"deliver_from": day(-9), "deliver_until": day(-8)}, "deliver_until"),
        ({"varieties": ["na_dai", "na_thai"]}, "varieties.1"),
        ({"market": "XX"}, "market"),
        ({"max_distance_km": -1}, "max_distance_km"),
        ({"certificates_required": ["none"]}, "certificates_required.0"),
        ({"min_shelf_life_days": -1}, "min_shelf_life_days"),
        ({"min_shelf_life_days": 999}, "min_shelf_life_days"),
    ],
)
def test_a_wrong_demand_is_answered_the_same_way(api: Api, changes: dict[str, Any], path: str) -> None:
    answer = api.post("/v1/demands", json=demand_body(**changes), headers=api.as_new("buyer"))
    assert answer.status_code == 422
    assert path in {fault["path"] for fault in answer.json()["faults"]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(sorted(LotPost.model_fields)), value=json_values)
def test_no_value_of_any_field_is_answered_with_a_server_error(api: Api, field: str, value: Any) -> None:
    api.headers = api.headers if "Authorization" in api.headers else api.as_new("producer")
    answer = api.post("/v1/lots", json=lot_body(**{field: value}))
    assert answer.status_code in (201, 422), answer.text


@pytest.mark.parametrize(
    "path",
    ["/v1/lots/17", "/v1/lots?limit=0", "/v1/lots?cursor=x", "/v1/lots?crop=%00", "/v1/nothing"],
)
def test_a_wrong_address_is_a_problem_document_too(api: Api, path: str) -> None:
    answer = api.get(path, headers=api.as_new("producer"))
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"

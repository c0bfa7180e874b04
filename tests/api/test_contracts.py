"""What both sides read of a match: the match, its contract, the contract's page."""

from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from sqlalchemy import select

from config.settings import Settings
from matcher.contracts.documents import render
from matcher.knowledge import Knowledge
from matcher.store.tables import Signature
from matcher.trading.clear import clear
from tests.api.conftest import Api
from tests.market import demand_body, lot_body

Sides = tuple[dict[str, str], dict[str, str]]


@pytest.fixture
def sides(api: Api, knowledge: Knowledge, settings: Settings) -> Sides:
    """Headers of a seller and a buyer of whose orders one match was made."""
    seller, buyer = api.as_new("producer", "Hợp tác xã Hữu Lũng"), api.as_new("buyer")
    assert api.post("/v1/lots", json=lot_body(), headers=seller).status_code == 201
    assert api.post("/v1/demands", json=demand_body(quantity_kg=600), headers=buyer).status_code == 201
    with api.ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    return seller, buyer


def only(api: Api, path: str, headers: dict[str, str]) -> dict[str, Any]:
    (item,) = api.get(path, headers=headers).json()["items"]
    assert isinstance(item, dict)
    return item


def test_both_sides_read_the_same_match_and_contract(api: Api, sides: Sides) -> None:
    seller, buyer = sides
    match, contract = only(api, "/v1/matches", seller), only(api, "/v1/contracts", seller)
    assert (
        match
        == only(api, "/v1/matches", buyer)
        == api.get(f"/v1/matches/{match['id']}", headers=buyer).json()
    )
    assert contract == only(api, "/v1/contracts", buyer)
    assert (match["quantity_kg"], match["contract_id"]) == ("600", contract["id"])
    assert contract["terms"]["price"]["farm_gate"] == match["price"]
    assert match["ask"] <= match["price"] <= match["bid"] - match["transport"]
    assert contract["terms"]["amount"] == 600 * match["price"]


def test_nobody_else_reads_them_but_the_operator(api: Api, sides: Sides) -> None:
    match, contract = only(api, "/v1/matches", sides[0]), only(api, "/v1/contracts", sides[0])
    paths = [
        f"/v1/matches/{match['id']}",
        f"/v1/contracts/{contract['id']}",
        f"/v1/contracts/{contract['id']}.html",
    ]
    other, operator = api.as_new("buyer"), api.as_new("operator")
    assert [api.get(path, headers=other).status_code for path in paths] == [404] * 3
    assert [api.get(path, headers=operator).status_code for path in paths] == [200] * 3
    for path in ("/v1/matches", "/v1/contracts", "/v1/notices"):
        assert api.get(path, headers=other).json()["items"] == []


def test_who_has_a_match_reads_how_good_its_clearing_is_proven_to_be(api: Api, sides: Sides) -> None:
    match = only(api, "/v1/matches", sides[0])
    path = f"/v1/clearings/{match['clearing_id']}"
    clearing = api.get(path, headers=sides[1]).json()
    assert clearing["value"] == clearing["upper_bound"] == 600 * match["value"]
    assert clearing["optimal"]
    assert "network simplex" in clearing["method"]
    assert api.get(path, headers=api.as_new("buyer")).status_code == 404
    assert api.get(path, headers=api.as_new("operator")).json() == clearing


def test_the_page_says_in_both_languages_what_the_contract_says(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    page = api.get(f"/v1/contracts/{contract['id']}.html", headers=sides[1])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for text in (contract["number"], "Hợp tác xã Hữu Lũng", "600 kg", "Na", "Custard apple"):
        assert text in page.text


@pytest.mark.parametrize(
    ("form", "begins"), [("pdf", b"%PDF-"), ("docx", b"PK"), ("html", b"<!doctype html>")]
)
def test_each_document_is_the_same_by_key_by_link_and_as_a_worker_rendered_it(
    api: Api, sides: Sides, settings: Settings, form: str, begins: bytes
) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    before = api.get(f"/v1/contracts/{contract['id']}.{form}", headers=sides[0])
    with api.ledger.transaction() as session:
        render(session, UUID(contract["id"]), settings)
    after = api.get(f"/v1/contracts/{contract['id']}.{form}", headers=sides[1])
    linked = api.get(f"{contract['page']}.{form}")
    assert before.content.startswith(begins)
    assert before.content == after.content == linked.content
    assert before.headers["content-type"] == linked.headers["content-type"]
    assert linked.headers["Cache-Control"] == "private, no-store"
    assert contract["number"].replace("/", "-") in unquote(after.headers["Content-Disposition"])
    assert api.get(f"/v1/contracts/{contract['id']}.{form}", headers=api.as_new("buyer")).status_code == 404


def test_a_form_there_is_not_is_refused_with_those_there_are(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    answer = api.get(f"/v1/contracts/{contract['id']}.odt", headers=sides[0])
    assert answer.status_code == 422
    assert "pdf" in answer.text


def test_a_contract_says_what_its_parties_and_the_market_said(
    api: Api, knowledge: Knowledge, settings: Settings
) -> None:
    said = {
        "position": "Giám đốc", "authority": "Nghị quyết 03", "bank_account": "8401 2050 1234",
        "bank": "Agribank", "growing_area_code": "VN-LSOR-0031",
    }  # fmt: skip
    seller, buyer = api.as_new("producer", **said), api.as_new("buyer")
    api.post("/v1/lots", json=lot_body(storage="cool"), headers=seller)
    api.post("/v1/demands", json=demand_body(), headers=buyer)
    with api.ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    terms = only(api, "/v1/contracts", buyer)["terms"]
    assert terms["template"] == "sale/1"
    assert {name: terms["seller"][name] for name in said if name in terms["seller"]} | {
        "growing_area_code": terms["goods"]["growing_area_code"]
    } == said
    assert "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn" in terms["origin_also"]["before"]
    assert terms["goods"]["storage"] == "cool"
    assert terms["rules"]["penalty_cap_percent"] == 8
    assert len(terms["legal_bases"]) == 2
    assert api.get("/v1/parties/me", headers=seller).json()["bank_account"] == "8401 2050 1234"


def test_whoever_was_sent_its_link_reads_the_page_without_a_key(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    page = api.get(contract["page"])
    assert page.content == api.get(f"/v1/contracts/{contract['id']}.html", headers=sides[0]).content
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "private, no-store"
    told = only(api, "/v1/notices", sides[1])
    assert contract["page"] in told["text"]


def test_a_link_that_was_cut_short_is_a_page_not_found(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    answer = api.get(contract["page"][:-1])
    assert answer.status_code == 404
    assert "There is nothing behind this link" in answer.text


def test_a_name_with_markup_in_it_is_shown_as_text(
    api: Api, knowledge: Knowledge, settings: Settings
) -> None:
    seller, buyer = api.as_new("producer", "<script>alert(1)</script>"), api.as_new("buyer")
    api.post("/v1/lots", json=lot_body(), headers=seller)
    api.post("/v1/demands", json=demand_body(), headers=buyer)
    with api.ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    page = api.get(only(api, "/v1/contracts", seller)["page"]).text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_both_sides_accept_on_the_hash_they_read_and_the_contract_is_agreed(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    assert contract["moves"] == ["accept", "decline", "amend"]
    said = {"signer": "Chủ nhiệm", "role": "director", "terms_hash": contract["terms_hash"]}
    path = f"/v1/contracts/{contract['id']}/accept"
    first, second = (api.post(path, json=said, headers=headers) for headers in sides)
    assert first.json()["signature"] == "accepted_by_seller", first.text
    assert second.json()["signature"] == "agreed", second.text
    signed = second.json()["signatures"]
    assert [(each["side"], each["signer"], each["address"]) for each in signed] == [
        ("seller", "Chủ nhiệm", "127.0.0.1"),
        ("buyer", "Chủ nhiệm", "127.0.0.1"),
    ]


def test_a_decline_says_why_and_a_second_one_is_a_conflict(api: Api, sides: Sides) -> None:
    path = f"/v1/contracts/{only(api, '/v1/contracts', sides[0])['id']}/decline"
    assert only(api, "/v1/matches", sides[0])["released_at"] is None
    first = api.post(path, json={"reason": "Hàng đã bán"}, headers=sides[0])
    assert (first.json()["signature"], first.json()["reason"]) == ("declined", "Hàng đã bán")
    assert only(api, "/v1/matches", sides[1])["released_at"] is not None
    again = api.post(path, json={"reason": "Hàng đã bán"}, headers=sides[1])
    assert again.status_code == 409
    assert "you may now: nothing" in again.json()["detail"]


def test_only_an_operator_cancels(api: Api, sides: Sides) -> None:
    path = f"/v1/contracts/{only(api, '/v1/contracts', sides[0])['id']}/cancel"
    assert api.post(path, json={"reason": "x"}, headers=sides[0]).status_code == 403
    assert api.post(path, json={"reason": ""}, headers=api.as_new("operator")).status_code == 422
    assert (
        api.post(path, json={"reason": "x"}, headers=api.as_new("operator")).json()["signature"]
        == "cancelled"
    )


def test_both_sides_see_what_each_was_told_and_whether_it_arrived(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    path = f"/v1/contracts/{contract['id']}/notices"
    told = api.get(path, headers=sides[1]).json()
    assert {each["party_id"] for each in told} == {contract["seller_id"], contract["buyer_id"]}
    assert {(each["kind"], each["state"]) for each in told} == {("match.made", "in list only")}
    api.post("/v1/notices/read", json={}, headers=sides[0])
    read = [each["read_at"] for each in api.get(path, headers=sides[1]).json()]
    assert sum(moment is not None for moment in read) == 1
    assert api.get(path, headers=api.as_new("buyer")).status_code == 404


@pytest.mark.parametrize(
    ("forwarded", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("<script>x</script>, 2001:db8::7", "2001:db8::7"),
        ("<script>x</script>, 1.1.1.1 evil", "127.0.0.1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
    ],
)
def test_the_address_beside_a_signature_is_an_ip_address(
    api: Api, sides: Sides, forwarded: str, kept: str
) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    said = {"signer": "Chủ nhiệm", "terms_hash": contract["terms_hash"]}
    headers = sides[0] | {"X-Forwarded-For": forwarded}
    assert api.post(f"/v1/contracts/{contract['id']}/accept", json=said, headers=headers).status_code == 200
    with api.ledger.transaction() as session:
        assert session.scalars(select(Signature.address)).all() == [kept]

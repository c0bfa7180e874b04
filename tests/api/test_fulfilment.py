"""The doors to amendments, deliveries, payments and disputes."""

from typing import Any

import httpx

from matcher.clock import now, today
from tests.api.conftest import Api
from tests.api.test_contracts import Sides, only, sides

__all__ = ["sides"]


def agree(api: Api, sides: Sides) -> str:
    """The path of the one contract, once both sides have accepted it."""
    contract = only(api, "/v1/contracts", sides[0])
    said = {"signer": "Chủ nhiệm", "terms_hash": contract["terms_hash"]}
    for headers in sides:
        answer = api.post(f"/v1/contracts/{contract['id']}/accept", json=said, headers=headers)
        assert answer.status_code == 200, answer.text
    return f"/v1/contracts/{contract['id']}"


def read(answer: httpx.Response, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_contract_goes_from_agreement_to_the_scale_and_the_bank(api: Api, sides: Sides) -> None:
    seller, buyer = sides
    path = agree(api, sides)
    promised = float(read(api.get(f"{path}/fulfilment", headers=buyer), 200)["promised_kg"])
    ticket = {
        "ticket_number": "PC-17", "delivered_at": now().isoformat(), "gross_kg": f"{promised + 40:.3f}",
        "tare_kg": 40,
    }  # fmt: skip
    headers = buyer | {"Idempotency-Key": "ticket-17"}
    seen = read(api.post(f"{path}/deliveries", json=ticket, headers=headers))
    assert read(api.post(f"{path}/deliveries", json=ticket, headers=headers)) == seen
    assert (seen["fulfilment"], seen["payment"]) == ("fulfilled", "unpaid")

    files = f"{path}/deliveries/1/attachments"
    photograph = b"\x89PNG\r\n\x1a\n" + b"x" * 400_000
    kept = read(api.post(files, params={"name": "Phiếu cân.png"}, content=photograph, headers=seller))
    got = api.get(f"{files}/{kept['id']}", headers=buyer)
    assert (got.content, got.headers["content-type"]) == (photograph, "image/png")
    assert api.get(f"{files}/{kept['id']}", headers=api.as_new("buyer")).status_code == 404
    assert api.post(files, params={"name": "a"}, content=b"x", headers=seller).status_code == 422
    assert api.post(files, params={"name": "a"}, files={"file": b"x"}, headers=seller).status_code == 415
    too_large = b"\xff\xd8\xff" + b"x" * 11_000_000
    refused = api.post(files, params={"name": "a"}, content=too_large, headers=seller)
    assert (refused.status_code, refused.json()["instance"]) == (413, files)

    payment = {"amount": seen["due"], "paid_on": today().isoformat(), "reference": "FT1"}
    assert read(api.post(f"{path}/payments", json=payment, headers=buyer))["payment"] == "paid"
    dispute = {"reason": "Sai phẩm cấp"}
    assert read(api.post(f"{path}/disputes", json=dispute, headers=buyer))["disputes"]
    assert api.post(f"{path}/disputes/close", json=dispute, headers=seller).status_code == 409
    read(api.post(f"{path}/disputes/close", json=dispute, headers=buyer), 200)


def test_an_amendment_is_proposed_read_and_accepted_over_http(api: Api, sides: Sides) -> None:
    seller, buyer = sides
    path = agree(api, sides)
    other = {"signer": "Giám đốc", "quantity_kg": {"amount": 5, "unit": "tạ"}, "note": "Xe nhỏ"}
    assert api.post(f"{path}/amendments", json={"signer": "x"}, headers=buyer).status_code == 422
    contract = read(api.post(f"{path}/amendments", json=other, headers=buyer))
    proposed = contract["amendments"][-1]
    assert (proposed["state"], proposed["terms"]["quantity_kg"], contract["version"]) == ("open", "500", 1)
    for form in ("html", "pdf", "docx"):
        page = api.get(f"{path}/differences.{form}", params={"before": 1, "after": 2}, headers=seller)
        assert page.status_code == 200, page.text
        assert api.get(page.request.url.path, params={"before": 1, "after": 2}).status_code == 401
    said = {"signer": "Chủ nhiệm", "terms_hash": proposed["terms_hash"]}
    accept = f"{path}/amendments/{proposed['id']}/accept"
    assert api.post(accept, json=said, headers=buyer).status_code == 409
    assert read(api.post(accept, json=said, headers=seller), 200)["version"] == 2
    told = read(api.get(f"{path}/differences", params={"before": 1, "after": 2}, headers=seller), 200)
    assert [each["field"] for each in told] == ["amount", "quantity_kg"]
    assert api.get(f"{path}/differences?before=1&after=9", headers=seller).status_code == 404


def test_a_shortfall_is_offered_anew_when_the_deliveries_are_closed(api: Api, sides: Sides) -> None:
    path = agree(api, sides)
    closed = read(api.post(f"{path}/close", json={"reason": "Mưa đá"}, headers=sides[0]), 200)
    assert closed["fulfilment"] == "breached"
    demands = read(api.get("/v1/demands", headers=sides[1]), 200)["items"]
    assert len(demands) == 2
    assert demands[0]["quantity_kg"] == closed["outstanding_kg"]


def test_an_operator_withdraws_a_false_closing(api: Api, sides: Sides) -> None:
    path, operator, why = agree(api, sides), api.as_new("operator"), {"reason": "Nhầm hợp đồng"}
    assert read(api.post(f"{path}/close", json=why, headers=sides[0]), 200)["fulfilment"] == "breached"
    assert api.post(f"{path}/close/withdraw", json=why, headers=sides[0]).status_code == 409
    assert read(api.get(path, headers=operator), 200)["moves"] == ["withdraw_closing"]
    assert (
        read(api.post(f"{path}/close/withdraw", json=why, headers=operator), 200)["fulfilment"]
        == "unfulfilled"
    )

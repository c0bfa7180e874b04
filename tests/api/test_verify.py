"""The doors to evidence and verification."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matcher.cli import app
from matcher.clock import now
from tests.api.conftest import Api
from tests.api.test_contracts import Sides, only, sides
from tests.api.test_fulfilment import agree, read

__all__ = ["sides"]


def test_a_side_takes_the_evidence_and_anybody_verifies_it(api: Api, sides: Sides, tmp_path: Path) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    path = f"/v1/contracts/{contract['id']}/evidence"
    file = api.get(path, headers=sides[0]).content
    assert api.get(path, headers=sides[1]).content == file
    assert api.get(path, headers=api.as_new("buyer")).status_code == 404

    said = api.post("/v1/verify", content=file, headers={"Content-Type": "application/json"}).json()
    assert said["genuine"], said
    assert said["facts"]["number"] == contract["number"]
    altered = file.replace(b'"VND"', b'"USD"')
    assert api.post("/v1/verify", content=altered).json()["finding"] == "altered"

    page = api.post("/verify", files={"document": ("evidence.json", file)})
    assert contract["number"] in page.text
    assert "genuine and unchanged" in page.text
    assert page.text.startswith("<!doctype html>")
    states = {"draft": ("bản dự thảo", "a draft"), "sent": ("đã gửi hai bên", "sent to both sides")}
    assert [said for said in states[contract["signature"]] if said not in page.text] == []
    assert "altered after" in api.post("/verify", files={"document": altered}).text

    (tmp_path / "evidence.json").write_bytes(file)
    (tmp_path / "keys.json").write_bytes(api.get("/.well-known/jwks.json").content)
    words = ["contract", "verify", str(tmp_path / "evidence.json"), "--keys", str(tmp_path / "keys.json")]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert contract["number"] in told.output
    unknown = (
        "Ở đây không biết hợp đồng ra sao từ khi văn bản được lập",
        "since the document was made is not known here",
    )
    assert [line for line in unknown if line not in told.output] == []
    (tmp_path / "evidence.json").write_bytes(altered)
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert [line for line in unknown if line in refused.output] == []


def test_evidence_grows_with_the_contract(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    said = {"signer": "Chủ nhiệm", "terms_hash": contract["terms_hash"]}
    api.post(f"/v1/contracts/{contract['id']}/accept", json=said, headers=sides[0])
    api.get(f"/v1/contracts/{contract['id']}", headers=sides[1])
    file = api.get(f"/v1/contracts/{contract['id']}/evidence", headers=sides[0]).content
    kinds = [step["statement"]["kind"] for step in json.loads(file)["steps"]]
    assert kinds == ["drafted", "accepted", "opened"]


@pytest.mark.parametrize(
    ("came", "fulfilment", "words"),
    [(0, "breached", ("vi phạm", "BREACHED")), (100, "short", ("giao thiếu", "SHORT"))],
)
def test_who_verifies_a_contract_closed_with_a_shortfall_is_told_how_much_came_of_how_much_agreed(
    api: Api, sides: Sides, came: int, fulfilment: str, words: tuple[str, str]
) -> None:
    path = agree(api, sides)
    document = api.get(f"{path}.html", headers=sides[1]).content
    if came:
        weighed = {"gross_kg": came + 50, "tare_kg": 50, "delivered_at": now().isoformat()}
        read(api.post(f"{path}/deliveries", json=weighed | {"ticket_number": "PC-1"}, headers=sides[1]))
    seen = read(api.post(f"{path}/close", json={"reason": "Hết hàng"}, headers=sides[0]), 200)
    said = api.post("/v1/verify", content=document).json()
    assert said["genuine"]
    told = (said["fulfilment_now"], said["promised_kg"], said["accepted_kg"])
    assert told == (fulfilment, seen["promised_kg"], str(came))
    page = api.post("/verify", files={"document": ("contract.html", document)}).text
    assert [
        each for each in (*words, f"đã nhận {came} trên", f">{came} kg taken over of") if each not in page
    ] == []


def test_nothing_is_said_of_deliveries_while_a_contract_is_not_agreed(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    document = api.get(f"/v1/contracts/{contract['id']}.html", headers=sides[0]).content
    said = api.post("/v1/verify", content=document).json()
    assert (said["fulfilment_now"], said["promised_kg"], said["accepted_kg"]) == (None, None, None)
    assert "taken over" not in api.post("/verify", files={"document": ("c.html", document)}).text


NOTHING_CHOSEN = (
    b'--x\r\nContent-Disposition: form-data; name="document"; filename=""\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
)


def test_a_form_without_a_file_is_told_so_on_a_page(api: Api) -> None:
    as_browsers_do = {"Content-Type": "multipart/form-data; boundary=x"}
    for answer in (
        api.post("/verify", content=NOTHING_CHOSEN, headers=as_browsers_do),
        api.post("/verify", data={"document": "na"}),
        api.post("/verify", files={"document": ("contract.pdf", b"")}),
        api.post("/verify"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
        assert "No file was chosen" in answer.text
        assert "<h1>Chưa chọn tệp nào</h1>" in answer.text
        assert [field for field in ("Ô “Văn bản”", "field “Document”") if field not in answer.text] == []
    english = api.post("/verify", headers=AS_BROWSERS_DO | {"Accept-Language": "en"})
    assert "<h1>No file was chosen</h1>" in english.text


@pytest.mark.parametrize("nothing", [b"", b" \r\n"])
def test_nothing_sent_to_be_verified_is_told_which_field_is_wanted_and_what_to_send(
    api: Api, nothing: bytes
) -> None:
    answer = api.post("/v1/verify", content=nothing)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    (fault,) = answer.json()["faults"]
    assert fault["path"] == "document"
    assert "PDF, page or evidence file" in fault["remedy"]
    said = api.post("/verify", headers={"Accept": "application/json"}).json()
    assert [fault["path"] for fault in said["faults"]] == ["document"]


def test_a_form_sent_where_the_body_is_to_be_the_file_is_told_what_to_send(api: Api) -> None:
    answer = api.post("/v1/verify", files={"file": ("contract.pdf", b"%PDF-1.7")})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    said = answer.json()
    assert said["type"].endswith(":not-file")
    assert "curl --data-binary @FILE" in said["detail"]


def test_the_form_names_the_field_as_its_errors_do(api: Api) -> None:
    form = api.get("/verify").text
    assert [label for label in ("<label>Văn bản: ", ">Document: ") if label not in form] == []


def test_the_form_is_there_with_a_slash_after_its_address_too(api: Api) -> None:
    assert api.get("/verify/").text == api.get("/verify").text


TOO_LARGE = {"document": ("contract.pdf", b"0" * (10 * 1024 * 1024 + 1))}
AS_BROWSERS_DO = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("languages", "first"),
    [
        ("", "Tệp quá lớn"),
        ("fr, vi;q=0.9, en;q=0.8", "Tệp quá lớn"),
        ("en-GB,en;q=0.9", "The file is too large"),
    ],
)
def test_a_file_too_large_for_the_form_is_told_on_a_page_in_the_browsers_language_first(
    api: Api, languages: str, first: str
) -> None:
    answer = api.post("/verify", files=TOO_LARGE, headers=AS_BROWSERS_DO | {"Accept-Language": languages})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert f"<h1>{first}</h1>" in answer.text
    assert "10 MB" in answer.text
    assert "Tệp quá lớn" in answer.text
    assert "The file is too large" in answer.text


def test_a_form_that_can_not_be_read_is_told_on_a_page(api: Api) -> None:
    sent = {"Content-Type": "multipart/form-data; boundary=x"} | AS_BROWSERS_DO
    answer = api.post("/verify", content=b"no form at all", headers=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "What was sent can not be read" in answer.text


def test_who_takes_no_pages_is_told_in_json(api: Api) -> None:
    only_json = {"Accept": "application/json"}
    for answer in (
        api.post("/verify", files=TOO_LARGE, headers=only_json),
        api.get("/c/xyz", headers=only_json),
        api.post("/verify", headers=only_json),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
    to_the_api = api.post("/v1/verify", content=TOO_LARGE["document"][1], headers=AS_BROWSERS_DO)
    assert to_the_api.json()["type"].endswith(":too-large")

"""Contacts over HTTP, and the link in a mail that stops it."""

from sqlalchemy import select

from matcher.store.tables import Contact
from tests.api.conftest import Api


def test_contacts_are_made_read_changed_and_removed_by_their_party(api: Api) -> None:
    own, other = api.as_new("buyer"), api.as_new("buyer")
    said = {"channel": "email", "address": "mua@example.vn", "name": "Kế toán", "digest_at": "05:30"}
    made = api.post("/v1/contacts", json=said, headers=own)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    assert made.json()["digest_at"] == "05:30:00"
    assert "token" not in made.json()
    assert api.get("/v1/contacts", headers=own).json() == {"items": [made.json()]}
    assert api.get("/v1/contacts", headers=other).json() == {"items": []}
    changed = api.patch(where, json={"digest_at": None, "address": "ketoan@example.vn"}, headers=own).json()
    assert changed == made.json() | {"digest_at": None, "address": "ketoan@example.vn"}
    assert api.get(where, headers=own).json() == changed
    for method in ("GET", "PATCH", "DELETE"):
        assert api.request(method, where, headers=other, json={}).status_code == 404
    assert api.delete(where, headers=own).status_code == 204
    assert api.get(where, headers=own).status_code == 404


def test_what_is_no_contact_is_refused_with_a_remedy(api: Api) -> None:
    own = api.as_new("buyer", email="mua@example.vn")
    good = {"channel": "email", "address": "khac@example.vn"}
    for wrong in (
        {"channel": "fax"},
        {"address": "nowhere"},
        {"address": "mua@example.vn"},
        {"address": "mua@example.vn\nBcc: all@example.vn"},
        {"language": "fr"},
        {"kinds": ["rain"]},
        {"quiet_from": "21:00"},
        {"quiet_from": "25:00", "quiet_until": "05:00"},
        {"quiet_from": "21:00+07:00", "quiet_until": "05:00+07:00"},
        {"colour": "red"},
    ):
        answer = api.post("/v1/contacts", json=good | wrong, headers=own)
        assert answer.status_code == 422, wrong
        assert answer.json()["faults"][0]["remedy"]
    assert len(api.get("/v1/contacts", headers=own).json()["items"]) == 1


def test_a_time_of_day_that_is_none_is_told_what_one_looks_like(api: Api) -> None:
    own = api.as_new("buyer", email="mua@example.vn")
    said = {"channel": "email", "address": "khac@example.vn"}
    for wrong in ({"digest_at": "05:30Z"}, {"quiet_from": "25:00", "quiet_until": "05:00"}):
        (fault, *_) = api.post("/v1/contacts", json=said | wrong, headers=own).json()["faults"]
        assert "05:30" in fault["remedy"], wrong


def test_a_party_chooses_its_language_and_nothing_else_of_itself(api: Api) -> None:
    own = api.as_new("buyer")
    assert api.patch("/v1/parties/me", json={"language": "en"}, headers=own).json()["language"] == "en"
    assert api.get("/v1/parties/me", headers=own).json()["language"] == "en"
    for wrong in ({"language": "fr"}, {"language": "en", "name": "Khác"}, {}):
        assert api.patch("/v1/parties/me", json=wrong, headers=own).status_code == 422


def test_the_link_in_a_mail_shows_a_button_and_only_the_button_stops_the_mails(api: Api) -> None:
    own = api.as_new("buyer", "Chợ <đầu mối>", email="mua@example.vn")
    with api.ledger.transaction() as session:
        link = f"/stop/{session.scalars(select(Contact.token)).one()}"
    for _ in range(2):
        page = api.get(link)
        assert page.status_code == 200
        assert "<button>" in page.text
        assert "Chợ &lt;đầu mối&gt;" in page.text
    assert api.get("/v1/contacts", headers=own).json()["items"][0]["stopped_at"] is None
    one_click = api.post(link, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    assert "<button>" not in one_click.text
    (contact,) = api.get("/v1/contacts", headers=own).json()["items"]
    assert contact["stopped_at"] is not None
    assert api.post(link).status_code == 200, "again is no error"
    assert api.get("/v1/contacts", headers=own).json()["items"] == [contact]
    again = api.patch(f"/v1/contacts/{contact['id']}", json={"stopped": False}, headers=own)
    assert again.json()["stopped_at"] is None
    for wrong in ("/stop/nobody", "/stop/%00", "/stop/%F0%9F%98%80"):
        assert api.post(wrong).status_code in (404, 422)


def test_the_link_in_a_mail_is_void_once_its_contact_has_another_address(api: Api) -> None:
    own = api.as_new("buyer", email="mua@example.vn")

    def link() -> str:
        with api.ledger.transaction() as session:
            return f"/stop/{session.scalars(select(Contact.token)).one()}"

    former = link()
    (contact,) = api.get("/v1/contacts", headers=own).json()["items"]
    path = f"/v1/contacts/{contact['id']}"
    for address in ("mua@example.vn", "moi@example.vn"):
        assert api.patch(path, json={"address": address}, headers=own).status_code == 200
    for answer in (api.get(former), api.post(former)):
        assert answer.status_code == 404
        assert "moi@example.vn" not in answer.text
    assert api.get(path, headers=own).json()["stopped_at"] is None
    assert "moi@example.vn" in api.get(link()).text

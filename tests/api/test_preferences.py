"""Preferences over HTTP."""

from tests.api.conftest import Api


def test_preferences_are_read_and_chosen_by_their_party(api: Api) -> None:
    own = api.as_new("buyer")
    asked = {"mail_kinds": None, "quiet_from": None, "quiet_until": None}
    assert api.get("/v1/preferences", headers=own).json() == {"language": "vi"} | asked
    wanted = {"language": "en", "mail_kinds": [], "quiet_from": "21:00:00", "quiet_until": "05:00:00"}
    assert api.put("/v1/preferences", json=wanted, headers=own).json() == wanted
    assert api.get("/v1/preferences", headers=own).json() == wanted
    assert api.get("/v1/preferences", headers=api.as_new("buyer")).json()["language"] == "vi"


def test_what_can_not_be_preferred_is_refused_with_a_remedy(api: Api) -> None:
    own = api.as_new("buyer")
    for said in (
        {"language": "fr"},
        {"language": "vi", "mail_kinds": ["rain"]},
        {"language": "vi", "quiet_from": "21:00"},
        {"language": "vi", "quiet_from": "25:00", "quiet_until": "05:00"},
        {"language": "vi", "quiet_from": "21:00+07:00", "quiet_until": "05:00+07:00"},
    ):
        answer = api.put("/v1/preferences", json=said, headers=own)
        assert answer.status_code == 422, said
        assert answer.json()["faults"][0]["remedy"]

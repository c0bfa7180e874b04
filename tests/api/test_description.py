"""The OpenAPI description and the places a user looks first."""

import re

from tests.api.conftest import Api
from tests.market import lot_body


def test_the_description_is_whole(api: Api) -> None:
    answer = api.get("/openapi.json")
    description = answer.json()
    assert description["openapi"].startswith("3.1")
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text))
    assert named <= description["components"]["schemas"].keys()


def test_an_amendment_is_described_by_the_fields_of_a_post_none_of_them_needed(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    schema = paths["/v1/lots/{lot_id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert lot_body().keys() <= schema["properties"].keys()
    assert "required" not in schema
    assert {"type": "null"} in schema["properties"]["min_take_kg"]["anyOf"]
    assert "anyOf" not in schema["properties"]["ask"]


def test_distances_are_described_as_kilometres_and_quantities_as_kilograms(api: Api) -> None:
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    outlook = schemas["Outlook"]["properties"]
    distances = [
        schemas["Miss"]["properties"]["distance_km"],
        *(outlook[f"distance_{end}_km"]["anyOf"][0] for end in ("from", "until")),
    ]
    for described in distances:
        assert described["type"] == "string"
        assert described["description"].startswith("km ")
    assert outlook["quantity_kg"]["description"].startswith("kg")


def test_no_answer_leads_to_where_the_host_header_says(api: Api) -> None:
    answer = api.get("/v1/crops/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_places_are_found_without_diacritics_and_crops_listed_without_a_key(api: Api) -> None:
    assert any(place["code"] == "06463" for place in api.get("/v1/places?q=chi+lang").json())
    assert "custard_apple" in {crop["key"] for crop in api.get("/v1/crops").json()}


def test_a_key_tells_whose_it_is_and_other_parties_stay_hidden(api: Api) -> None:
    buyer, other, operator = api.as_new("buyer", "Chợ đầu mối"), api.as_new("buyer"), api.as_new("operator")
    me = api.get("/v1/parties/me", headers=buyer).json()
    assert (me["kind"], me["name"]) == ("buyer", "Chợ đầu mối")
    assert api.get(f"/v1/parties/{me['id']}", headers=other).status_code == 404
    assert api.get(f"/v1/parties/{me['id']}", headers=operator).json() == me


def test_the_page_that_describes_the_api_fetches_nothing_from_elsewhere(api: Api) -> None:
    page = api.get("/docs")
    assert page.status_code == 200
    fetched = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(fetched) == 3
    for path in fetched:
        assert path.startswith("/")
        assert api.get(path).status_code == 200, path
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline';" in policy
    assert "http" not in policy

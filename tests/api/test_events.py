"""The feed over HTTP: in pages, and as a stream that is read on from where it broke off."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from matcher.notices.record import record
from matcher.store.tables import Party
from tests.api.conftest import Api
from tests.notices.letters import match_made


def tell(api: Api, headers: dict[str, str], count: int) -> None:
    me = UUID(api.get("/v1/parties/me", headers=headers).json()["id"])
    with api.ledger.transaction() as session:
        for _ in range(count):
            record(session, [match_made(session.get_one(Party, me))])


def entries(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream as they come, each with its `position`."""
    position = None
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            position = value
        elif name == "data":
            yield json.loads(value) | {"position": position}


def test_pages_lead_from_the_first_event_to_the_last_and_on(api: Api) -> None:
    own = api.as_new("buyer")
    tell(api, own, 5)
    seen, cursor = [], "0"
    for expected in (2, 2, 1, 0):
        page = api.get("/v1/events", params={"cursor": cursor, "limit": 2}, headers=own).json()
        assert len(page["items"]) == expected
        seen += [event["id"] for event in page["items"]]
        cursor = page["next"]
    assert len(set(seen)) == 5
    tell(api, own, 1)
    assert len(api.get("/v1/events", params={"cursor": cursor}, headers=own).json()["items"]) == 1
    assert api.get("/v1/events", headers=api.as_new("buyer")).json()["items"] == []


def test_a_stream_tells_what_was_and_what_comes_and_is_resumed(api: Api) -> None:
    own = api.as_new("buyer")
    tell(api, own, 2)
    stream = {**own, "Accept": "text/event-stream"}
    with api.stream("GET", "/v1/events", headers=stream) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        coming = entries(response)
        first, second = next(coming), next(coming)
        tell(api, own, 1)
        third = next(coming)
    assert first["type"] == "match.made"
    resumed = {**stream, "Last-Event-ID": first["position"]}
    with api.stream("GET", "/v1/events", headers=resumed) as response:
        coming = entries(response)
        assert [next(coming)["id"], next(coming)["id"]] == [second["id"], third["id"]]


def test_who_takes_json_as_well_as_a_stream_gets_a_page(api: Api) -> None:
    own = api.as_new("buyer")
    tell(api, own, 2)
    both = {**own, "Accept": "application/json, text/event-stream"}
    page = api.get("/v1/events?cursor=0&limit=1", headers=both)
    assert page.headers["content-type"] == "application/json"
    assert len(page.json()["items"]) == 1


def test_kinds_are_listed_with_their_schemas(api: Api) -> None:
    kinds = {kind["type"]: kind for kind in api.get("/v1/event-kinds").json()}
    assert "contract.agreed" in kinds
    assert "quantity_kg" in kinds["match.made"]["data"]["properties"]


def test_a_cursor_that_is_none_is_refused(api: Api) -> None:
    own = api.as_new("buyer")
    assert api.get("/v1/events?cursor=x", headers=own).status_code == 422
    assert api.get("/v1/events", headers=own | {"Last-Event-ID": "x"}).status_code == 422
    assert api.get("/v1/events").status_code == 401


def test_a_position_beyond_the_newest_is_refused_as_a_page_and_as_a_stream(api: Api) -> None:
    own, other = api.as_new("buyer"), api.as_new("buyer")
    tell(api, own, 3)
    tell(api, other, 1)
    newest = int(api.get("/v1/events", headers=own).json()["next"])
    stream = {"Accept": "text/event-stream"}
    for beyond in (newest + 1, 10**17):
        for headers, query, path in (
            ({}, f"?cursor={beyond}", "cursor"),
            ({"Last-Event-ID": str(beyond)}, "", "Last-Event-ID"),
            ({"Last-Event-ID": str(beyond), **stream}, "", "Last-Event-ID"),
        ):
            answer = api.get(f"/v1/events{query}", headers=own | headers)
            assert answer.status_code == 422
            (fault,) = answer.json()["faults"]
            assert fault["path"] == path
            assert "from 0" in fault["remedy"]
    assert api.get(f"/v1/events?cursor={newest}", headers=own).json() == {"items": [], "next": str(newest)}
    with api.stream("GET", "/v1/events", headers=own | stream | {"Last-Event-ID": str(newest)}) as response:
        assert response.status_code == 200
    assert api.get("/v1/events?cursor=1", headers=api.as_new("buyer")).status_code == 422, "it has none yet"
    assert api.get("/v1/events", headers=own | {"Last-Event-ID": "9" * 19}).status_code == 422


def test_unread_notices_are_counted_until_they_are_marked(api: Api) -> None:
    own = api.as_new("buyer")
    tell(api, own, 2)
    assert api.get("/v1/notices/unread", headers=own).json() == {"unread": 2}
    oldest = api.get("/v1/notices?unread=true", headers=own).json()["items"][-1]["id"]
    assert api.post("/v1/notices/read", json={"up_to": oldest}, headers=own).json() == {"unread": 1}
    assert api.post("/v1/notices/read", json={}, headers=own).json() == {"unread": 0}
    assert api.post("/v1/notices/read", json={"until": 1}, headers=own).status_code == 422

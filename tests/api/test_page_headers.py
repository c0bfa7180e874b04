"""What browsers are told with every answer."""

import pytest

from tests.api.conftest import Api
from tests.api.test_contracts import Sides, only, sides

__all__ = ["sides"]


def test_no_page_is_framed_runs_scripts_or_says_where_its_reader_came_from(api: Api, sides: Sides) -> None:
    contract = only(api, "/v1/contracts", sides[0])
    pages = [
        api.get(contract["page"]),
        api.get(f"/v1/contracts/{contract['id']}.html", headers=sides[0]),
        api.get("/verify"),
        api.post("/verify"),
        api.get("/docs"),
    ]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert ("script-src" in policy) == (page.url.path == "/docs")
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/healthz", "/v1/crops", "/v1/lots", "/nowhere", "/openapi.json"])
def test_no_answer_is_taken_for_what_it_does_not_say_it_is(api: Api, path: str) -> None:
    headers = api.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in headers

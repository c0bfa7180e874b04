"""How the replay treats a service that stumbles, on a small HTTP server that answers as it is told."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from demo import replay as replaying
from demo.replay import NoAnswer, Refused, replay
from demo.season import Season, read_season

START = date(2031, 1, 6)


@dataclass
class Service:
    """Gives each new order an id. `stumbles`: what it answers first: a status, or 0 to hang up."""

    stumbles: list[int] = field(default_factory=list)
    seen: list[tuple[str, str, str, str, Any]] = field(default_factory=list)
    url: str = ""

    def paths(self) -> list[str]:
        return [f"{method} {path}" for method, path, *_ in self.seen]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if service.stumbles:
                status = service.stumbles.pop(0)
                if status == 0:
                    self.close_connection = True
                    return
                self.send(status, {"title": "Refused", "detail": "because of the test"})
                return
            said = json.loads(body) if body else None
            key, bearer = self.headers["Idempotency-Key"], self.headers["Authorization"]
            service.seen.append((self.command, self.path, key, bearer, said))
            self.send(201, {"id": f"id-{len(service.seen)}"})

        def send(self, status: int, content: Any) -> None:
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_POST = do_PATCH = answer  # noqa: N815  # the names http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def season() -> Season:
    return read_season()


@pytest.fixture(scope="module")
def keys(season: Season) -> dict[str, str]:
    return {party: f"key-of-{party}" for party in season.parties}


def test_everything_is_posted_in_order_each_by_its_own_party(
    season: Season, keys: dict[str, str], service: Service
) -> None:
    steps: list[tuple[int, int]] = []
    posted = replay(season, service.url, keys, lambda done, total: steps.append((done, total)), START)
    total = len(season.posts)
    assert steps == [(step, total) for step in range(1, total + 1)]
    bearers = [bearer for *_, bearer, _ in service.seen]
    assert bearers == [f"Bearer key-of-{post.party}" for post in season.posts]
    assert len(posted.lots) == len(list(season.orders("lot")))
    assert len(posted.demands) == len(list(season.orders("demand")))
    assert (posted.amended, posted.withdrawn) == (4, 3)


def test_amendments_and_withdrawals_go_to_the_order_they_are_about(
    season: Season, keys: dict[str, str], service: Service
) -> None:
    posted = replay(season, service.url, keys, start=START)
    paths = service.paths()
    for index, post in enumerate(season.posts):
        if post.kind == "amend_lot":
            assert paths[index] == f"PATCH /v1/lots/{posted.lots[post.of or '']}"
        if post.kind == "withdraw_demand":
            assert paths[index] == f"POST /v1/demands/{posted.demands[post.of or '']}/withdraw"


def test_days_are_moved_and_keys_are_stable_and_unlike(
    season: Season, keys: dict[str, str], service: Service
) -> None:
    replay(season, service.url, keys, start=START)
    first = [(key, body) for _, _, key, _, body in service.seen]
    service.seen.clear()
    replay(season, service.url, keys, start=START)
    assert [key for key, _ in first] == [key for _, _, key, _, _ in service.seen]
    assert len({key for key, _ in first}) == len(season.posts)
    assert "2020-08" not in json.dumps([body for _, body in first])


def test_a_503_and_a_lost_connection_are_tried_again_with_the_same_key(
    season: Season, keys: dict[str, str], service: Service
) -> None:
    service.stumbles = [503, 0, 503]
    replay(season, service.url, keys, start=START)
    assert len(service.seen) == len(season.posts)


def test_a_refusal_stops_the_replay_and_shows_the_problem(
    season: Season, keys: dict[str, str], service: Service
) -> None:
    service.stumbles = [422]
    with pytest.raises(Refused, match="because of the test") as raised:
        replay(season, service.url, keys, start=START)
    assert raised.value.post == season.posts[0]
    assert season.posts[0].key in str(raised.value)
    assert not service.seen


def test_a_service_that_never_answers_is_given_up(
    season: Season, keys: dict[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PATIENCE_SECONDS", 0.0)
    service.stumbles = [503] * 3
    with pytest.raises(NoAnswer, match=season.posts[0].key):
        replay(season, service.url, keys, start=START)

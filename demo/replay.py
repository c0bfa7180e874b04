"""Posts a season to the running service over HTTP, as its parties would, moved to days still to come."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx

from demo.season import Post, Season
from matcher.clock import today

PATIENCE_SECONDS = 60.0


class Refused(Exception):
    """The service did not take a post: 4xx says that the season file is wrong, 500 that the service is."""

    def __init__(self, post: Post, answer: httpx.Response) -> None:
        super().__init__(f"{post.key} ({post.kind} of {post.party}) was refused:\n{_shown(answer)}")
        self.post, self.answer = post, answer


class NoAnswer(Exception):
    """The service could not be reached, or said 503, for longer than we wait."""


@dataclass
class Posted:
    """What was posted: the season's key of each lot and demand, and the id it was given."""

    start: date
    lots: dict[str, str] = field(default_factory=dict)
    demands: dict[str, str] = field(default_factory=dict)
    amended: int = 0
    withdrawn: int = 0


def replay(
    season: Season,
    base_url: str,
    keys: Mapping[str, str],
    progress: Callable[[int, int], None] | None = None,
    start: date | None = None,
) -> Posted:
    """Posts everything in order, as fast as the service answers; `start` (tomorrow) is the first day.

    `keys` holds each season party's API key. Every write carries an Idempotency-Key that is the same
    for the same post and `start`, so a repeated one makes one order. Raises Refused, NoAnswer.
    """
    posted = Posted(start or today() + timedelta(days=1))
    with httpx.Client(base_url=base_url, timeout=30.0) as client:
        for done, post in enumerate(season.posts, start=1):
            headers = {
                "Authorization": f"Bearer {keys[post.party]}",
                "Idempotency-Key": f"season/{season.first_day}/{posted.start}/{post.key}",
            }
            method, path = _door(post, posted)
            body = None if post.kind.startswith("withdraw") else post.body_from(season, posted.start)
            answer = _send(client, post, client.build_request(method, path, headers=headers, json=body))
            _note(posted, post, answer)
            if progress is not None:
                progress(done, len(season.posts))
    return posted


def _door(post: Post, posted: Posted) -> tuple[str, str]:
    """HTTP method and path for a post."""
    action, _, noun = post.kind.rpartition("_")
    if not action:
        return "POST", f"/v1/{noun}s"
    order_id = (posted.lots if noun == "lot" else posted.demands)[post.of or ""]
    if action == "amend":
        return "PATCH", f"/v1/{noun}s/{order_id}"
    return "POST", f"/v1/{noun}s/{order_id}/withdraw"


def _send(client: httpx.Client, post: Post, request: httpx.Request) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.1
    while True:
        try:
            answer = client.send(request)
            trouble = "503 Service Unavailable"
        except httpx.TransportError as error:
            answer, trouble = None, repr(error)
        if answer is not None and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            if answer.is_success:
                return answer
            raise Refused(post, answer)
        if time.monotonic() + pause > deadline:
            raise NoAnswer(f"{post.key}: {trouble}, for {PATIENCE_SECONDS:.0f} s")
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def _note(posted: Posted, post: Post, answer: httpx.Response) -> None:
    if post.kind == "lot":
        posted.lots[post.key] = answer.json()["id"]
    elif post.kind == "demand":
        posted.demands[post.key] = answer.json()["id"]
    elif post.kind.startswith("amend"):
        posted.amended += 1
    else:
        posted.withdrawn += 1


def _shown(answer: httpx.Response) -> str:
    try:
        problem: Any = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.text}"
    return json.dumps(problem, ensure_ascii=False, indent=2)

"""One POST and the beginning of its answer, as webhooks and gateways have it."""

import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from matcher.notices.connection import within

READ_AT_MOST = 4096  # bytes of an answer


class Unanswered(Exception):
    """Nothing was heard; the message says why, for the record of the attempt."""


@dataclass(frozen=True)
class Answer:
    """What was heard; `said` are the first 4,096 bytes of the body."""

    status: int
    headers: httpx.Headers
    said: bytes

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300


def post(
    transport: httpx.HTTPTransport, url: str, body: bytes, headers: dict[str, str], seconds: float
) -> Answer:
    """Posts once, within `seconds` in all; nothing is followed. Raises Unanswered."""
    try:
        with within(seconds):
            # No client around it: nothing is followed, kept or filled in, and a third of its work is saved.
            request = httpx.Request("POST", url, content=body, headers=headers)
            with closing(transport.handle_request(request)) as response:
                return Answer(response.status_code, response.headers, _beginning(response))
    except (httpx.InvalidURL, UnicodeError) as error:  # the latter of names in other scripts
        raise Unanswered(f"not an address: {error}") from error
    except httpx.TimeoutException as error:
        raise Unanswered(f"no answer within {seconds:g} s") from error
    except httpx.HTTPError as error:
        raise Unanswered(f"no answer: {error or type(error).__name__}") from error


def post_json(
    transport: httpx.HTTPTransport, url: str, said: dict[str, Any], headers: dict[str, str], seconds: float
) -> dict[str, Any]:
    """Posts JSON once and returns the object that was answered. Raises Unanswered, also without one."""
    body = json.dumps(said, ensure_ascii=False).encode()
    always = {"content-type": "application/json; charset=utf-8", "accept-encoding": "identity"}
    answer = post(transport, url, body, always | headers, seconds)
    try:
        understood = json.loads(answer.said)
    except (ValueError, RecursionError):
        understood = None
    if not isinstance(understood, dict):
        raise Unanswered(f"not understood: {answer.status} {answer.said.decode(errors='replace')}")
    return understood


def _beginning(response: httpx.Response) -> bytes:
    """Raises what httpx does if the body of a success breaks off, or takes too long, before that."""
    received = b""
    try:
        for chunk in response.iter_raw():
            received += chunk
            if len(received) >= READ_AT_MOST:
                break
    except httpx.HTTPError:
        # It has failed in any case, and its status says more.
        if response.is_success:
            raise
    return received[:READ_AT_MOST]

"""A notice as a signed POST: headers as Standard Webhooks has them, the body in the manner of CloudEvents."""

import base64
import contextlib
import hashlib
import hmac
import json
import time
from datetime import UTC
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from config.settings import Settings
from matcher.notices.cut_off import CutOff
from matcher.notices.letter import Letter, Outcome, outcome

READ_AT_MOST = 4096  # bytes of an answer


def new_client(settings: Settings) -> httpx.Client:
    """The client that webhooks leave by; one for each process, threads share it."""
    return httpx.Client(
        timeout=settings.delivery_timeout_seconds,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


def send(letter: Letter, settings: Settings, client: httpx.Client) -> Outcome:
    """Posts the letter once. Any 2xx is a success; all else, no answer in time included, is not."""
    if letter.secret is None:
        return Outcome(False, "the party no longer has this endpoint")
    body = _body(letter)
    headers = _headers(str(letter.notice_id), int(time.time()), body, letter.secret)
    with CutOff(settings.delivery_timeout_seconds) as cut_off:
        try:
            return _post(client, letter.address, body, headers, cut_off)
        except httpx.InvalidURL as error:
            return outcome(False, f"not an address: {error}")
        except httpx.HTTPError as error:
            if cut_off.passed or isinstance(error, httpx.TimeoutException):
                return outcome(False, f"no answer within {settings.delivery_timeout_seconds:g} s")
            return outcome(False, f"no answer: {error or type(error).__name__}")


def _post(client: httpx.Client, url: str, body: bytes, headers: dict[str, str], cut_off: CutOff) -> Outcome:
    def trace(event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            cut_off.watch(info["return_value"].get_extra_info("socket"))

    with client.stream("POST", url, content=body, headers=headers, extensions={"trace": trace}) as response:
        said = _beginning(response)
    return outcome(response.is_success, f"{response.status_code} {said}")


def _beginning(response: httpx.Response) -> str:
    received = b""
    # The status has been heard: a body that breaks off changes nothing.
    with contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            received += chunk
            if len(received) >= READ_AT_MOST:
                break
    return received[:READ_AT_MOST].decode(errors="replace")


def _body(letter: Letter) -> bytes:
    event = {
        "id": str(letter.notice_id),
        "type": letter.kind,
        "time": letter.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": letter.data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(identity: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json; charset=utf-8",
        "accept-encoding": "identity",
        # A connection of its own for each attempt, so that the cut-off has one to shut.
        "connection": "close",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }

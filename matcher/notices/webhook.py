"""A notice as a signed POST: headers as Standard Webhooks has them, the body in the manner of CloudEvents."""

import base64
import hashlib
import hmac
import json
import re
import time
from contextlib import closing, suppress
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.settings import Settings
from matcher.clock import now
from matcher.notices.connection import within
from matcher.notices.letter import Letter, Outcome, outcome

LONGEST_WAIT = timedelta(days=1)
READ_AT_MOST = 4096  # bytes of an answer


def send(letter: Letter, settings: Settings, transport: httpx.HTTPTransport) -> Outcome:
    """Posts the letter once. Any 2xx is a success; all else, no answer in time included, is not."""
    if not letter.secrets:
        return Outcome(False, "the party no longer has this endpoint, or it is disabled", final=True)
    body = _body(letter)
    headers = _headers(str(letter.notice_id), int(time.time()), body, letter.secrets)
    try:
        with within(settings.delivery_timeout_seconds):
            return _post(transport, httpx.Request("POST", letter.address, content=body, headers=headers))
    except httpx.InvalidURL as error:
        return outcome(False, f"not an address: {error}")
    except httpx.TimeoutException:
        return outcome(False, f"no answer within {settings.delivery_timeout_seconds:g} s")
    except httpx.HTTPError as error:
        return outcome(False, f"no answer: {error or type(error).__name__}")


def _post(transport: httpx.HTTPTransport, request: httpx.Request) -> Outcome:
    # No client around it: nothing is followed, kept or filled in, and a third of its work is saved.
    with closing(transport.handle_request(request)) as response:
        said = _beginning(response)
    answer = f"{response.status_code} {said}"
    if response.status_code == httpx.codes.GONE:
        return outcome(False, answer, gone=True)
    busy = response.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
    return outcome(response.is_success, answer, _retry_after(response) if busy else None)


def _retry_after(response: httpx.Response) -> timedelta | None:
    """What Retry-After (RFC 9110, 10.2.3) asks for, in seconds or as a date; a day at most."""
    said = response.headers.get("retry-after", "").strip()
    try:
        if re.fullmatch(r"\d{1,9}", said, re.ASCII):
            wait = timedelta(seconds=int(said))
        else:
            wait = parsedate_to_datetime(said).astimezone(UTC) - now()
    except ValueError:
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _beginning(response: httpx.Response) -> str:
    received = b""
    # The status has been heard: a body that breaks off changes nothing.
    with suppress(httpx.HTTPError):
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


def _headers(identity: str, timestamp: int, body: bytes, secrets: tuple[str, ...]) -> dict[str, str]:
    content = f"{identity}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json; charset=utf-8",
        "accept-encoding": "identity",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(content, secret) for secret in secrets),
    }


def _signature(content: bytes, secret: str) -> str:
    if secret.startswith("whsk_"):
        return f"v1a,{base64.b64encode(_signing_key(secret).sign(content)).decode()}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


@lru_cache(10_000)
def _signing_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix("whsk_")))

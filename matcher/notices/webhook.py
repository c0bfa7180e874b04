"""A notice as a signed POST: headers as Standard Webhooks has them, the body in the manner of CloudEvents."""

import json
import re
import time
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import httpx

from config.settings import Settings
from matcher.clock import now
from matcher.notices.exchange import Answer, Unanswered, post
from matcher.notices.letter import Letter, Outcome, outcome
from matcher.notices.signing import signature

LONGEST_WAIT = timedelta(days=1)


def send(letter: Letter, settings: Settings, transport: httpx.HTTPTransport) -> Outcome:
    """Posts the letter once. Any 2xx is a success; all else, no answer in time included, is not."""
    if not letter.secrets:
        return Outcome(False, "this endpoint is disabled", final=True)
    body = _body(letter)
    headers = _headers(str(letter.notice_id), int(time.time()), body, letter.secrets)
    try:
        answer = post(transport, letter.address, body, headers, settings.delivery_timeout_seconds)
    except Unanswered as error:
        return outcome(False, str(error))
    said = f"{answer.status} {answer.said.decode(errors='replace')}"
    if answer.status == httpx.codes.GONE:
        return outcome(False, said, final=True, gone=True)
    busy = answer.status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
    return outcome(answer.succeeded, said, _retry_after(answer) if busy else None)


def _retry_after(answer: Answer) -> timedelta | None:
    """What Retry-After (RFC 9110, 10.2.3) asks for, in seconds or as a date; a day at most."""
    said = answer.headers.get("retry-after", "").strip()
    try:
        if re.fullmatch(r"\d+", said, re.ASCII):
            # However many digits there are: seven are more than a day.
            wait = timedelta(seconds=int(said.lstrip("0")[:7] or "0"))
        else:
            wait = parsedate_to_datetime(said).astimezone(UTC) - now()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


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
        "webhook-signature": " ".join(signature(content, secret) for secret in secrets),
    }

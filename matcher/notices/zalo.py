"""A notice as a ZNS message of Zalo, by a template that Zalo has approved (config/zalo.yaml).

Source: developers.zalo.me, Zalo Notification Service; as read in clients of it: POST with the header
access_token, an answer with error, message and data.msg_id; the codes of zalo.cloud/zns/guidelines/
handle-error-code. A message that reached a phone is reported by the event user_received_message, with
message.msg_id and message.delivery_time, signed by X-ZEvent-Signature: mac= and the SHA-256 of app id, body,
timestamp and the Official Account's secret key. Doubt: the official pages were not at hand; that the report
has tracking_id as well is not certain, so either will do.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx

from config.settings import Settings
from matcher.notices.exchange import Unanswered, post_json
from matcher.notices.letter import Letter, Outcome, outcome
from matcher.notices.zalo_templates import Template, templates_of, values

# The number is none; nobody with Zalo has it; who has it can not be sent such messages.
NOBODY_THERE = frozenset({-108, -118, -119})


def send(letter: Letter, settings: Settings, transport: httpx.HTTPTransport) -> Outcome:
    """Hands the letter to Zalo once; a success means that Zalo has taken it over."""
    if settings.zalo_token_file is None:
        return Outcome(False, "Zalo is not configured (MATCHER_ZALO_TOKEN_FILE)")
    template = templates_of(settings.config_folder).get((letter.kind, letter.language))
    if template is None:
        missing = f"config/zalo.yaml has no template for {letter.kind} in {letter.language}"
        return Outcome(False, missing, final=True)
    try:
        # Read anew each time: Zalo's tokens are good for a day or so, and are changed by whoever gets them.
        token = settings.zalo_token_file.read_text("utf-8").strip()
        message = _message(letter, template, settings)
        said = post_json(
            transport, settings.zalo_url, message, {"access_token": token}, settings.delivery_timeout_seconds
        )
    except OSError as error:
        return outcome(False, f"the token of Zalo can not be read: {error}")
    except Unanswered as error:
        return outcome(False, str(error))
    if said.get("error") == 0:
        data = said.get("data")
        message_id = data.get("msg_id") if isinstance(data, dict) else None
        return outcome(True, "taken over by Zalo", provider_id=message_id)
    bounced = said.get("error") in NOBODY_THERE
    return outcome(False, f"{said.get('error')} {said.get('message', '')}", final=bounced, bounced=bounced)


def _message(letter: Letter, template: Template, settings: Settings) -> dict[str, Any]:
    known = values(letter.kind, letter.data, letter.language, settings.links_begin)
    return {
        "phone": letter.address.removeprefix("+"),
        "template_id": template.template_id,
        "template_data": {name: known[name] for name in template.parameters},
        "tracking_id": str(letter.delivery_id),
    }


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """Whether Zalo signed this event with the Official Account's secret key."""
    try:
        event = json.loads(body)
        signed = f"{event['app_id']}".encode() + body + f"{event['timestamp']}{secret}".encode()
    except (ValueError, KeyError, TypeError, RecursionError):  # the last of what is nested too deep
        return False
    expected = hashlib.sha256(signed).hexdigest()
    return hmac.compare_digest(signature.removeprefix("mac=").encode(), expected.encode())


def arrival(body: bytes) -> tuple[str | None, str | None, datetime] | None:
    """Of a genuine event that a message has arrived: its tracking_id and msg_id, and when. None of others."""
    event = json.loads(body)
    message = event.get("message")
    if event.get("event_name") != "user_received_message" or not isinstance(message, dict):
        return None
    try:
        at = datetime.fromtimestamp(int(message.get("delivery_time") or event["timestamp"]) / 1000, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    tracking_id, msg_id = message.get("tracking_id"), message.get("msg_id")
    return tracking_id and str(tracking_id), msg_id and str(msg_id), at

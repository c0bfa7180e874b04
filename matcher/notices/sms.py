"""A notice as an SMS, by the gateway eSMS.vn (ViHAT).

Source: its documentation for developers, github.com/devesms/gitbook_esms_for_develop_v2, the pages
tin-nhan-sms-otp-cskh.md (request and answers), callback-url.md (reports) and bang-ma-loi.md (codes).
Doubt: the texts that go out under a brand name have to be registered with the operators first; which form
of ours they take is for whoever registers them. Nothing says that a report is ever signed, so the address
that we give for it holds a key of its own.
"""

import base64
import hashlib
import hmac
from uuid import UUID

import httpx

from config.settings import Settings
from matcher.notices.exchange import Unanswered, post_json
from matcher.notices.letter import Letter, Outcome, outcome
from matcher.notices.words import short

CUSTOMER_CARE = "2"
TAKEN_OVER, TAKEN_OVER_BEFORE = "100", "124"
NOBODY_THERE = frozenset({"99", "108"})  # the number is blocked, or is none
DONE = "5"


def send(letter: Letter, settings: Settings, transport: httpx.HTTPTransport) -> Outcome:
    """Hands the letter to the gateway once; a success means that the gateway has taken it over."""
    if not (settings.sms_url and settings.sms_key and settings.sms_secret):
        return Outcome(False, "no SMS gateway is configured (MATCHER_SMS_URL, _KEY and _SECRET)")
    body = {
        "ApiKey": settings.sms_key,
        "SecretKey": settings.sms_secret,
        "Brandname": settings.sms_brand,
        "SmsType": CUSTOMER_CARE,
        "IsUnicode": "1",
        "Phone": letter.address.replace("+84", "0", 1),
        "Content": short(letter.kind, letter.data, letter.language, settings.links_begin),
        # The gateway takes each over once a day: so one that a dead worker had sent is not sent again.
        "RequestId": f"{letter.delivery_id}.{letter.attempts}",
        "CallbackUrl": f"{settings.links_begin}{report_path(settings.sms_secret, letter.delivery_id)}",
    }
    try:
        said = post_json(transport, settings.sms_url, body, {}, settings.delivery_timeout_seconds)
    except Unanswered as error:
        return outcome(False, str(error))
    code = str(said.get("CodeResult"))
    if code in (TAKEN_OVER, TAKEN_OVER_BEFORE):
        return outcome(True, f"{code} taken over by the gateway", provider_id=said.get("SMSID"))
    bounced = code in NOBODY_THERE
    return outcome(False, f"{code} {said.get('ErrorMessage', '')}", final=bounced, bounced=bounced)


def report_path(secret: str, delivery_id: UUID) -> str:
    """Where the gateway reports what became of this delivery; only who has the secret can make it up."""
    return f"/v1/callbacks/sms/{delivery_id}/{report_key(secret, delivery_id)}"


def report_key(secret: str, delivery_id: UUID) -> str:
    mac = hmac.digest(secret.encode(), f"sms report {delivery_id}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:18]).decode()

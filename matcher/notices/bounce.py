"""A mail that came back, as mail servers report it (delivery status notification, RFC 3464)."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from uuid import UUID


@dataclass(frozen=True)
class Bounce:
    """`mail_id` is what stands before the @ in the Message-ID of the mail that came back."""

    mail_id: UUID
    answer: str


def bounce_in(report: bytes) -> Bounce | None:
    """The bounce that a report tells of; None if it is of no mail of ours, or that is not given up yet."""
    message = message_from_bytes(report, policy=policy.default)
    answers = [answer for part in message.walk() for answer in _failures(part)]
    mail_ids = [mail_id for part in message.walk() for mail_id in _returned(part)]
    return Bounce(mail_ids[0], answers[0]) if answers and mail_ids else None


def _failures(part: Message) -> Iterator[str]:
    """What was answered for each recipient that is given up, of whom each has a block of its own."""
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return
    for block in part.get_payload():
        if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
            diagnosis = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip()
            yield diagnosis or f"{block.get('Status', '5.0.0')} failed"


def _returned(part: Message) -> Iterator[UUID]:
    """The id in what was returned of the mail: all of it, or its headers."""
    if part.get_content_type() not in ("text/rfc822-headers", "message/rfc822"):
        return
    found = re.search(r"^message-id:\s*<([0-9a-f-]{36})@", part.as_string(), re.IGNORECASE | re.MULTILINE)
    if found is not None:
        with suppress(ValueError):
            yield UUID(found[1])

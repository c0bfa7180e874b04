"""A mail that came back, as mail servers report it (delivery status notification, RFC 3464)."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID


@dataclass(frozen=True)
class Bounce:
    """`mail_id` is what stands before the @ in the Message-ID of the mail that came back."""

    mail_id: UUID
    answer: str


def bounce_in(report: bytes) -> Bounce | None:
    """The bounce that a report tells of; None if it is of no mail of ours, or that is not given up yet."""
    try:
        message = message_from_bytes(report)  # not with policy.default, which falls over what is no mail
        answers = [answer for part in message.walk() for answer in _failures(part)]
        mail_ids = [mail_id for part in message.walk() for mail_id in _returned(part)]
    except RecursionError:  # parts within parts without end
        return None
    return Bounce(mail_ids[0], answers[0]) if answers and mail_ids else None


def _failures(part: Message) -> Iterator[str]:
    """What was answered for each recipient that is given up, of whom each has a block of its own."""
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return
    for block in _parts(part):
        if str(block.get("Action", "")).strip().lower() == "failed":
            diagnosis = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip()
            yield diagnosis or f"{block.get('Status', '5.0.0')} failed"


def _returned(part: Message) -> Iterator[UUID]:
    """The id in what was returned of the mail: all of it, or its headers."""
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        text = "".join(f"Message-ID: {each['Message-ID']}\n" for each in _parts(part))
    elif part.get_content_type() == "text/rfc822-headers":
        text = str(part.get_payload())
    else:
        return
    found = re.search(r"^message-id:\s*<([0-9a-f-]{36})@", text, re.IGNORECASE | re.MULTILINE)
    if found is not None:
        with suppress(ValueError):
            yield UUID(found[1])


def _parts(whole: Message) -> Iterator[Message]:
    return (each for each in whole.get_payload() if isinstance(each, Message))

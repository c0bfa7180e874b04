"""A mail that came back, as mail servers report it (delivery status notification, RFC 3464)."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

NOT_FOR_GOOD = frozenset({"5.2.2"})  # the mailbox is full (RFC 3463)


@dataclass(frozen=True)
class Bounce:
    """`mail_id` is what stands before the @ in the Message-ID of the mail that came back.

    `recipient` is who refused it, in lower case, as far as the report says: whoever a mail was forwarded to,
    not who forwarded it. `for_good`: nothing else will arrive there either, as it would where a mailbox is
    full.
    """

    mail_id: UUID
    answer: str
    recipient: str | None = None
    for_good: bool = True


def bounce_in(report: bytes) -> Bounce | None:
    """The bounce that a report tells of; None if it is of no mail of ours, or that is not given up yet."""
    try:
        message = message_from_bytes(report)  # not with policy.default, which falls over what is no mail
        blocks = [block for part in message.walk() for block in _failures(part)]
        mail_ids = [mail_id for part in message.walk() for mail_id in _returned(part)]
    except RecursionError:  # parts within parts without end
        return None
    return _bounce(mail_ids[0], blocks[0]) if blocks and mail_ids else None


def _bounce(mail_id: UUID, block: Message) -> Bounce:
    status = _field(block, "status") or "5.0.0"
    answer = _after_type(_field(block, "diagnostic-code")) or f"{status} failed"
    named = (_after_type(_field(block, f"{which}-recipient")) for which in ("final", "original"))
    recipient = next((each.strip("<>").casefold() for each in named if each), None)
    return Bounce(mail_id, answer, recipient, status.startswith("5.") and status not in NOT_FOR_GOOD)


def _field(block: Message, name: str) -> str:
    """A field as it came, also one in plain UTF-8."""
    said = next((value for each, value in block.raw_items() if each.lower() == name), "")
    return str(said).encode(errors="surrogateescape").decode(errors="replace").strip()


def _after_type(said: str) -> str:
    """What follows the type, as in rfc822;mua@example.vn."""
    return said.partition(";")[2].strip()


def _failures(part: Message) -> Iterator[Message]:
    """The block of each recipient that is given up."""
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return
    for block in _parts(part):
        if str(block.get("Action", "")).strip().lower() == "failed":
            yield block


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

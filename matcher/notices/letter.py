"""What leaves on a channel, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

ANSWER_LENGTH = 200


@dataclass(frozen=True)
class Letter:
    """Everything a channel needs to send one delivery, so that sending needs no database.

    `secret` signs a webhook; None when the party has removed the endpoint.
    """

    delivery_id: UUID
    notice_id: UUID
    kind: str
    occurred_at: datetime
    data: dict[str, Any]
    channel: str
    address: str
    party_name: str
    language: str
    secret: str | None


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `answer` is what the other side said, or why it could not be asked."""

    succeeded: bool
    answer: str


def outcome(succeeded: bool, answer: str) -> Outcome:
    """An outcome whose answer is one printable line of at most 200 characters."""
    letters = "".join(letter if letter.isprintable() else " " for letter in answer)
    return Outcome(succeeded, " ".join(letters.split())[:ANSWER_LENGTH])

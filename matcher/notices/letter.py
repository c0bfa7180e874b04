"""What leaves on a channel, and what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

ANSWER_LENGTH = 200


@dataclass(frozen=True)
class Letter:
    """Everything a channel needs to send one delivery, so that sending needs no database.

    `secrets` sign a webhook, the newest first; none when the endpoint is removed or disabled. `tries` is how
    many attempts of its schedule were made.
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
    secrets: tuple[str, ...]
    endpoint_id: UUID | None
    tries: int


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `answer` is what the other side said, or why it could not be asked.

    `again_after` is how long the other side wants to be left alone; `final` says that no attempt can
    succeed any more, `gone` that the other side said so for the whole endpoint.
    """

    succeeded: bool
    answer: str
    again_after: timedelta | None = None
    final: bool = False
    gone: bool = False


def outcome(
    succeeded: bool, answer: str, again_after: timedelta | None = None, *, gone: bool = False
) -> Outcome:
    """An outcome whose answer is one printable line of at most 200 characters."""
    letters = "".join(letter if letter.isprintable() else " " for letter in answer)
    return Outcome(succeeded, " ".join(letters.split())[:ANSWER_LENGTH], again_after, final=gone, gone=gone)

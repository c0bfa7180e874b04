"""What leaves on a channel, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

ANSWER_LENGTH = 200


@dataclass(frozen=True)
class Letter:
    """Everything a channel needs to send one delivery, so that sending needs no database.

    `secrets` sign a webhook, the newest first; none when the endpoint is removed or disabled. `token` is in
    the link by which the contact stops; none when it did, was removed or has bounced. `unwanted`: its party
    removed or disabled the endpoint, or removed or stopped the contact. `tries` is how many attempts of its
    schedule were made, `attempts` how many in all; of those to gateways only, who have to tell them apart.
    `others` leave in the same mail, `mail_id`.
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
    contact_id: UUID | None = None
    token: str | None = None
    unwanted: bool = False
    attempts: int = 0
    digest: bool = False
    mail_id: UUID | None = None
    others: tuple["Letter", ...] = ()

    @property
    def all(self) -> tuple["Letter", ...]:
        """This one and those that leave with it."""
        return (self, *self.others)


@dataclass(frozen=True)
class Words:
    """`subject` is one line; `text` ends with the address of the page to read on at, if there is one."""

    subject: str
    text: str

    @property
    def link(self) -> str:
        """That address; empty where there is none."""
        last = self.text.split()[-1]
        return last if last.startswith(("http://", "https://")) else ""


# From the data of an event, and what links begin with.
InWords = Callable[[Any, str], Words]


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `answer` is what the other side said, or why it could not be asked.

    `again_after` is how long the other side wants to be left alone; `final` says that no attempt can
    succeed any more, `gone` that the other side said so for the whole endpoint, `bounced` that nobody is at
    the contact's address, `unwanted` that its party wants nothing there. A gateway that has taken
    it over knows it by `provider_id`.
    """

    succeeded: bool
    answer: str
    again_after: timedelta | None = None
    final: bool = False
    gone: bool = False
    bounced: bool = False
    unwanted: bool = False
    provider_id: str | None = None


def outcome(succeeded: bool, answer: str, again_after: timedelta | None = None, **more: Any) -> Outcome:
    """An outcome whose answer is one printable line of at most 200 characters."""
    if more.get("provider_id") is not None:
        more["provider_id"] = one_line(str(more["provider_id"]))
    return Outcome(succeeded, one_line(answer), again_after, **more)


def one_line(answer: str) -> str:
    """What was said, as one printable line of at most 200 characters."""
    letters = "".join(letter if letter.isprintable() else " " for letter in answer)
    return " ".join(letters.split())[:ANSWER_LENGTH]

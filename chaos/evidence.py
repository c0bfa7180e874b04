"""What was seen from outside during a run: the load's answers and what the receivers were sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """One answer to one request. `key` is its Idempotency-Key, "" for a read; `party` the reader's id."""

    key: str
    party: str
    method: str
    path: str
    status: int
    body: bytes


@dataclass(frozen=True)
class Hook:
    """One webhook that came: the whole address it was sent to, its `webhook-id`, and the body."""

    address: str
    notice: str
    body: bytes


@dataclass(frozen=True)
class Mail:
    """One mail that came: whom it was for, and its Message-ID up to the @."""

    address: str
    delivery: str


@dataclass
class Evidence:
    """`unanswered` are the keys of writes that never had an answer."""

    answers: list[Answer] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    hooks: list[Hook] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

"""Why an order is in no clearing: what its owner is told, and what an operator needs."""

import traceback
from dataclasses import dataclass

from matcher.errors import MatcherError
from matcher.quarantine import Reason

# What a row that can not be read may raise; not a time limit, which comes at any moment.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, MatcherError, TypeError, ValueError)
TRACEBACK_LENGTH = 20_000


@dataclass(frozen=True)
class Failure:
    reason: Reason
    traceback: str


def failure(reason: Reason) -> Failure:
    """Of the error that is being handled."""
    return Failure(reason, traceback.format_exc()[-TRACEBACK_LENGTH:])

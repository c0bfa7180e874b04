"""Every error the service raises on purpose, and what each becomes over HTTP.

MatcherError
├── Invalid            422  the input breaks a rule; carries one Fault for each
├── Unauthenticated    401
├── Forbidden          403
├── NotFound           404
├── Conflict           409  the thing is in a state that does not allow this
├── StaleVersion       412  If-Match names a version that has passed
├── TooLarge           413
├── NotJson            415  the body is not said to be JSON
├── NotFile            415  a form where the body is to be the file itself
├── Unavailable        503  a server we need does not answer; trying again is right
└── ConfigError             a file in config/ is wrong; never reaches HTTP
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input.

    `path` is where, as a dotted field path ("certificates.0.valid_until"), "" for the whole;
    `message` says what is wrong and `remedy` what would be right.
    """

    path: str
    message: str
    remedy: str


class MatcherError(Exception):
    """Base of all. `kind` is the stable last part of the problem's `type`; `status` the HTTP status."""

    kind = "error"
    title = "Error"
    status = 500


class Invalid(MatcherError):
    kind, title, status = "invalid", "The input breaks a rule", 422

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(": ".join(filter(None, (fault.path, fault.message))) for fault in faults))
        self.faults: Sequence[Fault] = faults


class Unauthenticated(MatcherError):
    kind, title, status = "unauthenticated", "No valid API key", 401


class Forbidden(MatcherError):
    kind, title, status = "forbidden", "This key may not do that", 403


class NotFound(MatcherError):
    kind, title, status = "not-found", "There is no such thing here", 404


class Conflict(MatcherError):
    kind, title, status = "conflict", "The state does not allow this", 409


class StaleVersion(MatcherError):
    kind, title, status = "stale-version", "The version you amend has passed", 412


class TooLarge(MatcherError):
    kind, title, status = "too-large", "The body is too large", 413


class NotJson(MatcherError):
    kind, title, status = "not-json", "The body is not said to be JSON", 415


class NotFile(MatcherError):
    kind, title, status = "not-file", "A form was sent, not the file itself", 415


class Unavailable(MatcherError):
    kind, title, status = "unavailable", "Try again in a moment", 503


class ConfigError(MatcherError):
    """A file in config/ is wrong. `line` counts from 1; None where the fault has no line."""

    kind, title = "config", "A file in config/ is wrong"

    def __init__(self, file: str, line: int | None, fault: str) -> None:
        super().__init__(f"{file}:{line}: {fault}" if line else f"{file}: {fault}")
        self.file, self.line, self.fault = file, line, fault

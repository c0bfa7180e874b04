"""Orders of the season while they are being made: days as offsets from the first, no keys yet."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

FIRST_DAY = date(2020, 8, 17)
LAST_DAY = date(2020, 8, 23)
VIETNAM = timezone(timedelta(hours=7))

Noun = Literal["lot", "demand"]


def day(offset: int) -> str:
    """The ISO day `offset` days after the season's first."""
    return (FIRST_DAY + timedelta(days=offset)).isoformat()


def moment(offset: int, hour: int, minute: int = 0) -> datetime:
    return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, hour, minute, tzinfo=VIETNAM) + timedelta(
        days=offset
    )


@dataclass
class Draft:
    """An order, or what was later done to one (`about`)."""

    at: datetime
    party: str
    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    case: str | None = None
    district: str | None = None
    about: "Draft | None" = None


def lines(drafts: list[Draft]) -> list[dict[str, Any]]:
    """The drafts as lines of the season file: in order of time, with their keys."""
    ordered = sorted(drafts, key=lambda draft: draft.at)
    keys: dict[int, str] = {}
    written = []
    for draft in ordered:
        letter = draft.kind[0].upper()
        number = sum(key[0] == letter for key in keys.values()) + 1
        keys[id(draft)] = f"{letter}{number:03d}"
        line: dict[str, Any] = {"key": keys[id(draft)], "at": draft.at.isoformat(), "party": draft.party}
        line |= {"post": draft.kind}
        if draft.about is not None:
            line["of"] = keys[id(draft.about)]
        optional = {"district": draft.district, "case": draft.case, "body": draft.body or None}
        written.append(line | {name: value for name, value in optional.items() if value is not None})
    return written

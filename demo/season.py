"""Reads demo/season.jsonl: a header, the parties, then what they posted, in the order they posted it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from matcher.parties import PartyPost

SEASON_FILE = Path(__file__).parent / "season.jsonl"

PostKind = Literal["lot", "demand", "amend_lot", "amend_demand", "withdraw_lot", "withdraw_demand"]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class SeasonParty:
    """A cooperative or a buyer. `district`: of Lạng Sơn as in 2020, for producers; None for buyers."""

    key: str
    district: str | None
    profile: PartyPost


@dataclass(frozen=True)
class Post:
    """One line of the season. `of` is the key of the order that an amendment or a withdrawal is about.

    `body` is what the API takes, with the season's own days; `case` names the awkward case it stands for.
    """

    key: str
    at: datetime
    party: str
    kind: PostKind
    body: Mapping[str, Any]
    of: str | None
    case: str | None
    district: str | None

    def body_from(self, season: "Season", start: date) -> Any:
        """The body with every day moved, so that the season's first day is `start`."""
        return _moved(self.body, start - season.first_day)


@dataclass(frozen=True)
class Season:
    title: str
    first_day: date
    last_day: date
    sources: Sequence[str]
    parties: Mapping[str, SeasonParty]
    posts: Sequence[Post]

    def orders(self, kind: Literal["lot", "demand"]) -> Iterator[Post]:
        """The posts of new lots, or of new demands."""
        return (post for post in self.posts if post.kind == kind)


def read_season(path: Path = SEASON_FILE) -> Season:
    """Raises ValueError, naming file and line, at the first line that is not what a season holds."""
    header: dict[str, Any] = {}
    parties: dict[str, SeasonParty] = {}
    posts: list[Post] = []
    for number, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
            if "season" in line:
                header = line
            elif "post" in line:
                posts.append(_post(line))
            else:
                parties[line["party"]] = _party(line)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: {error!r}") from error
    if not header:
        raise ValueError(f"{path}:1: no header with the season's title, days and sources")
    first_day, last_day = date.fromisoformat(header["first_day"]), date.fromisoformat(header["last_day"])
    return Season(header["season"], first_day, last_day, header["sources"], parties, posts)


def _party(line: dict[str, Any]) -> SeasonParty:
    profile = {name: value for name, value in line.items() if name not in ("party", "district")}
    return SeasonParty(line["party"], line.get("district"), PartyPost.model_validate(profile))


def _post(line: dict[str, Any]) -> Post:
    return Post(
        key=line["key"],
        at=datetime.fromisoformat(line["at"]),
        party=line["party"],
        kind=line["post"],
        body=line.get("body", {}),
        of=line.get("of"),
        case=line.get("case"),
        district=line.get("district"),
    )


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(inner, by) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, by) for inner in value]
    if isinstance(value, str) and _DAY.fullmatch(value):
        return (date.fromisoformat(value) + by).isoformat()
    return value

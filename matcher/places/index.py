"""All places, found by code, by name, or by what somebody typed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

from matcher.errors import Fault, Invalid
from matcher.places.place import Kind, Place, Vintage
from matcher.text import fold, has_diacritics, spelling

_KIND_ORDER: Sequence[Kind] = ("province", "commune", "district")
_TYPES = ("Xã", "Phường", "Thị trấn", "Đặc khu", "Tỉnh", "Thành phố", "Huyện", "Quận", "Thị xã")
_TYPE_ABBREVIATIONS = {
    "x": "xa", "p": "phuong", "tt": "thi tran", "dk": "dac khu", "t": "tinh", "tp": "thanh pho",
    "h": "huyen", "q": "quan", "tx": "thi xa",
}  # fmt: skip
_CITY_ABBREVIATIONS = {
    "hn": "ha noi", "hcm": "ho chi minh", "tphcm": "ho chi minh",
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    """All places, indexed once. Names are compared without diacritics, case or punctuation."""

    all: Sequence[Place]
    _by_code: Mapping[tuple[str, str], Place] = field(init=False, repr=False)
    _names: Sequence[tuple[str, int]] = field(init=False, repr=False)
    _before: Mapping[str, Sequence[Place]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_code = {(place.vintage, place.code): place for place in self.all}
        names = [(name, index) for index, place in enumerate(self.all) for name in folded_names(place.name)]
        object.__setattr__(self, "_by_code", by_code)
        object.__setattr__(self, "_names", sorted(names))
        before: dict[str, list[Place]] = {}
        for place in self.all:
            for code in place.successors:
                before.setdefault(code, []).append(place)
        object.__setattr__(self, "_before", before)

    def by_code(self, code: str, vintage: Vintage, path: str = "place.code") -> Place:
        """Raises Invalid, its fault at `path`, when that vintage has no such code."""
        place = self._by_code.get((vintage, code))
        if place is None:
            meanings = "; ".join(map(_meaning, self.meanings(code)))
            remedy = f"this code is {meanings}" if meanings else "look the code up with /v1/places?q="
            raise Invalid(Fault(path, f"no place of vintage {vintage} has the code {code}", remedy))
        return place

    def meanings(self, code: str) -> list[Place]:
        """What the code means in each vintage that has it, the newest first."""
        found = (self._by_code.get((vintage, code)) for vintage in ("2025", "legacy"))
        return [place for place in found if place]

    def counterparts(self, code: str, vintage: Vintage) -> Sequence[Place]:
        """The commune in the other vintage: those it was made of, or what it became, the likeliest first.

        Nothing for provinces, districts and codes that are none.
        """
        if vintage == "2025":
            return self._before.get(code, ())
        place = self._by_code.get((vintage, code))
        return [self._by_code["2025", successor] for successor in place.successors] if place else ()

    def refuse_code_without_vintage(self, code: str, path: str = "place.vintage") -> NoReturn:
        """Always raises Invalid, naming what the code means in each vintage: codes were used again."""
        meanings = " or ".join(map(_meaning, self.meanings(code)))
        remedy = f"say which: {meanings}" if meanings else "give the vintage: 2025 or legacy"
        raise Invalid(Fault(path, f"the code {code} needs its vintage", remedy))

    def search(self, text: str, limit: int = 10) -> list[Place]:
        """The best `limit` places for a name, or a name and what it lies in: "Chi Lăng, Lạng Sơn".

        Exact names come before beginnings of names, and of the exact those whose diacritics are as typed;
        then today's places before legacy ones, then provinces, communes, districts.
        """
        if limit <= 0:
            return []
        name, within = _parse(text)
        if not name:
            return []
        exact = self._ranked(name, within, text, exact=True)
        if len(exact) >= limit:
            return exact[:limit]
        beginning = self._ranked(name, within, "", exact=False)
        return [*exact, *(place for place in beginning if place not in exact)][:limit]

    def resolve(self, text: str, path: str = "place") -> Place:
        """The one place meant. Raises Invalid, naming the candidates, when it is unknown or ambiguous.

        A 2025 place is taken over legacy ones of the same name, a province over its namesakes.
        """
        name, within = _parse(text)
        exact = self._ranked(name, within, text, exact=True) if name else []
        best = [place for place in exact if _rank(place, text) == _rank(exact[0], text)]
        if len(best) == 1:
            return best[0]
        candidates = best or self.search(text, 5)
        named = "; ".join(place.full_name for place in candidates[:5])
        if best:
            more = f" or {len(best) - 5} more" if len(best) > 5 else ""
            raise Invalid(
                Fault(path, f"“{text}” could be {len(best)} places", f"write one of: {named}{more}")
            )
        remedy = f"did you mean: {named}" if named else "write commune and province: “Chi Lăng, Lạng Sơn”"
        raise Invalid(Fault(path, f"no place is called “{text}”", remedy))

    def _ranked(self, name: str, within: Sequence[str], text: str, *, exact: bool) -> list[Place]:
        indices = dict.fromkeys(self._named(name, exact=exact))
        found = [self.all[index] for index in indices if _lies_within(self.all[index], within)]
        return sorted(found, key=lambda place: _rank(place, text))

    def _named(self, name: str, *, exact: bool) -> Iterator[int]:
        position = bisect_left(self._names, (name,))
        while position < len(self._names):
            candidate, index = self._names[position]
            if candidate != name and (exact or not candidate.startswith(name)):
                return
            yield index
            position += 1


@lru_cache(maxsize=4096)
def folded_names(name: str) -> tuple[str, ...]:
    """A name with and without its type word, folded: "xa chi lang", "chi lang"."""
    for type_word in _TYPES:
        if name.startswith(type_word + " "):
            return fold(name), fold(name[len(type_word) :])
    return (fold(name),)


def _parse(text: str) -> tuple[str, list[str]]:
    """The name sought and what it must lie within, all folded and with abbreviations written out."""
    parts = [_written_out(fold(part)) for part in text.split(",")]
    parts = [part for part in parts if part]
    if len(parts) > 1 and parts[-1] == "viet nam":
        parts.pop()
    return (parts[0], parts[1:]) if parts else ("", [])


def _written_out(name: str) -> str:
    name = _CITY_ABBREVIATIONS.get(name, name)
    first, _, rest = name.partition(" ")
    if rest and first in _TYPE_ABBREVIATIONS:
        return f"{_TYPE_ABBREVIATIONS[first]} {_CITY_ABBREVIATIONS.get(rest, rest)}"
    return name


def _lies_within(place: Place, within: Sequence[str]) -> bool:
    around = folded_names(place.province) + (folded_names(place.district) if place.district else ())
    return all(part in around for part in within)


def _rank(place: Place, text: str) -> tuple[bool, bool, int]:
    return _spelled_otherwise(place, text), place.vintage == "legacy", _KIND_ORDER.index(place.kind)


def _spelled_otherwise(place: Place, text: str) -> bool:
    """Whether the text has diacritics and they are not this place's. Only its first part counts."""
    typed = text.partition(",")[0]
    if not has_diacritics(typed):
        return False
    words = len(folded_names(place.name)[-1].split())
    return spelling(typed)[-words:] != spelling(place.name)[-words:]


def _meaning(place: Place) -> str:
    return f"{place.full_name} (vintage {place.vintage})"

"""Crops: their varieties, grades, packages, shelf life and season (config/crops.yaml)."""

import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict

from matcher.catalogue.entry import Entry, Kind, Named, Sourced, Text
from matcher.errors import Fault, Invalid, NotFound
from matcher.text import fold

Storage = Literal["ambient", "cool"]
Positive = Annotated[int, Strict(), Field(ge=1)]


def _time_of_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return value
    raise ValueError('a time of day in quotes is needed, as "06:00" or "13:30"')  # YAML's 13:30 is a number


TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]

# Folded spellings. KGM and TNE are UN/CEFACT Recommendation 20; yến, tạ and tấn are the trade's own.
UNITS: Mapping[str, Decimal] = {
    "kg": Decimal(1), "kgm": Decimal(1), "yen": Decimal(10), "ta": Decimal(100),
    "tan": Decimal(1000), "tne": Decimal(1000), "tonne": Decimal(1000),
}  # fmt: skip


class CertificateScheme(Sourced, Named):
    """A scheme a lot may be certified under: its key is what lots, demands and gates name."""


class Package(Sourced, Named):
    """A crop's own unit of trade, of a fixed net weight."""

    kilograms: Annotated[Decimal, Field(gt=0, decimal_places=3)]


class ShelfLife(Sourced):
    days: Positive


class ShelfLives(Entry):
    """Days from picking for which the crop can be sold; `cool` is the best usual cold chain."""

    ambient: ShelfLife
    cool: ShelfLife


class Season(Sourced):
    """Months of harvest, 1 to 12."""

    months: Annotated[tuple[Annotated[int, Strict(), Field(ge=1, le=12)], ...], Field(min_length=1)]


class Crop(Sourced, Named):
    """`grades` are in order, the best first. `contract_deadline_hours` None: the service's setting.

    `hold_minutes` is how long a match stays tentative after its two orders last changed, `calls` are times
    of day in Việt Nam at which all become matches; with neither they do at once.
    """

    kind: Kind
    varieties: tuple[Named, ...] = ()
    grades: Annotated[tuple[Named, ...], Field(min_length=1)]
    packages: tuple[Package, ...] = ()
    shelf_life: ShelfLives
    season: Season
    hs: Annotated[str, Field(pattern=r"^\d{4}(\.\d{2}){0,2}$")]
    agrovoc: Text | None = None
    contract_deadline_hours: Positive | None = None
    hold_minutes: Annotated[int, Strict(), Field(ge=0, le=10_080)] | None = None
    calls: tuple[TimeOfDay, ...] = ()

    @property
    def hold(self) -> timedelta | None:
        """How long matches stay tentative; None: until the next call."""
        if self.hold_minutes is None:
            return None if self.calls else timedelta(0)
        return timedelta(minutes=self.hold_minutes)

    @property
    def call_times(self) -> tuple[time, ...]:
        return tuple(time.fromisoformat(call) for call in self.calls)

    @cached_property
    def shelf_life_days(self) -> Mapping[Storage, int]:
        return {"ambient": self.shelf_life.ambient.days, "cool": self.shelf_life.cool.days}

    @cached_property
    def grade_keys(self) -> tuple[str, ...]:
        """The best first."""
        return tuple(grade.key for grade in self.grades)

    @cached_property
    def variety_keys(self) -> tuple[str, ...]:
        return tuple(variety.key for variety in self.varieties)

    def grade_rank(self, key: str) -> int:
        """0 for the lowest grade, one more for each better. Raises NotFound."""
        if key not in self.grade_keys:
            known = ", ".join(self.grade_keys)
            raise NotFound(f"{self.key} has no grade {key!r}; its grades, the best first: {known}")
        return len(self.grades) - 1 - self.grade_keys.index(key)

    def kilograms(self, unit: str, path: str = "unit") -> Decimal:
        """What one unit weighs: kg, yến, tạ, tấn, KGM, TNE or one of the crop's packages, by key or name.

        Diacritics and case do not matter. Raises Invalid, its fault at `path`, for any other.
        """
        sought = fold(unit)
        if sought in UNITS:
            return UNITS[sought]
        for package in self.packages:
            if sought in spellings(package):
                return package.kilograms
        known = ", ".join(["kg", "yến", "tạ", "tấn", *(package.key for package in self.packages)])
        if sought == "ganh":
            message = "a gánh weighs anything from 25 to 50 kg"
            raise Invalid(Fault(path, message, f"weigh it and give its weight in one of: {known}"))
        raise Invalid(Fault(path, f"{self.key} is not measured in {unit!r}", f"use one of: {known}"))


class CropsFile(Entry):
    """The outer shape of crops.yaml; crops are read one by one, so that each fault stands by itself."""

    certificates: tuple[CertificateScheme, ...]
    crops: Annotated[list[object], Field(min_length=1)]


def spellings(package: Package) -> set[str]:
    return {fold(package.key), fold(package.names.vi), fold(package.names.en)}


def duplicates_within(crop: Crop) -> Iterator[tuple[str, int, str]]:
    """(list, index, what is wrong) for each key or package spelling that stands twice in a crop."""
    for name, entries in (
        ("varieties", crop.varieties),
        ("grades", crop.grades),
        ("packages", crop.packages),
    ):
        keys = [entry.key for entry in entries]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield name, index, f"the key {key!r} is given twice"
    taken = {*UNITS, "ganh"}
    for index, package in enumerate(crop.packages):
        for spelling in sorted(spellings(package) & taken):
            yield "packages", index, f"{spelling!r} already means another unit"
        taken |= spellings(package)

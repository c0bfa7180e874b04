"""Market gates: whether a crop may go to a market on a day, and what it takes (config/gates.yaml)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, StrictBool, model_validator

from matcher.catalogue.crops import Crop
from matcher.catalogue.entry import Entry, Key, Kind, Names, Sourced

Status = Literal["open", "negotiating", "closed"]
MarketKey = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Day = Annotated[date, Strict()]


class Market(Entry):
    """A country by its ISO 3166-1 code, or EU."""

    key: MarketKey
    names: Names


class Requirements(Entry):
    """What goods must have to pass. `certificates` are scheme keys, all of them needed."""

    growing_area_code: StrictBool
    certificates: tuple[Key, ...] = ()
    treatment: Names | None = None


class Gate(Sourced):
    """Holds for the crops named, or for all crops of the kinds named; `from_` and `until` are included."""

    crops: Annotated[tuple[Key, ...], Field(min_length=1)] | None = None
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    market: MarketKey
    status: Status
    from_: Annotated[Day, Field(alias="from")]
    until: Day | None = None
    requires: Requirements = Requirements(growing_area_code=False)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.crops is None) == (self.kinds is None):
            raise ValueError("needs crops or kinds, one of the two")
        if self.until is not None and self.until < self.from_:
            raise ValueError(f"until {self.until} is before from {self.from_}")
        if self.status == "open" and "requires" not in self.model_fields_set:
            raise ValueError("an open gate must say what it requires, if only growing_area_code: false")
        return self

    def names_crop(self, crop: Crop) -> bool:
        return self.crops is not None and crop.key in self.crops

    def covers(self, crop: Crop) -> bool:
        return self.names_crop(crop) or (self.kinds is not None and crop.kind in self.kinds)

    def holds_on(self, day: date) -> bool:
        return self.from_ <= day and (self.until is None or day <= self.until)

    def overlaps(self, other: "Gate") -> bool:
        """Whether both speak, with the same weight, of one crop and market on one day."""
        same_words = set(self.crops or ()) & set(other.crops or ()) or set(self.kinds or ()) & set(
            other.kinds or ()
        )
        return (
            self.market == other.market
            and bool(same_words)
            and (self.until is None or other.from_ <= self.until)
            and (other.until is None or self.from_ <= other.until)
        )


class GatesFile(Entry):
    """The outer shape of gates.yaml; gates are read one by one."""

    markets: Annotated[tuple[Market, ...], Field(min_length=1)]
    gates: list[object]


def overlaps_among(gates: Sequence[Gate]) -> Iterator[tuple[int, int]]:
    """Indices of each gate that overlaps an earlier one, and of that one."""
    for later, gate in enumerate(gates):
        for earlier in range(later):
            if gate.overlaps(gates[earlier]):
                yield later, earlier

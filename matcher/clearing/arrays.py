"""The shapes a clearing is given: lots, demands and terms, as structures of arrays.

Quantities are grams, money whole đồng per kg, distances metres, days `date.toordinal()`, instants
microseconds since 1970 UTC. Every array is checked here, once, and is read-only afterwards.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.clearing.distance import along_curve
from matcher.clearing.errors import BadInput

Integers = NDArray[np.int32] | NDArray[np.int64]
Booleans = NDArray[np.bool_]

MOST_QUANTITY = 10**15  # g, a milliard tonnes
MOST_MONEY = 10**9  # đ/kg
MOST_DAY = 3_652_059  # date.max.toordinal()
MOST_SHELF_LIFE = 36_500  # days
MOST_DISTANCE = 10**8  # m, more than twice around the Earth

_EVERYTHING = (-(1 << 62), 1 << 62)
_RANGES = {
    "variety": (0, 63),
    "quantity": (0, MOST_QUANTITY),
    "min_take": (0, MOST_QUANTITY),
    "min_fill": (0, MOST_QUANTITY),
    "multiple": (0, MOST_QUANTITY),
    "max_sellers": (0, 1 << 30),
    "ask": (0, MOST_MONEY),
    "bid": (0, MOST_MONEY),
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "max_distance": (-1, MOST_DISTANCE),
    "shelf_life": (0, MOST_SHELF_LIFE),
    "min_shelf_life": (0, MOST_SHELF_LIFE),
    "certificate_scheme": (0, 63),
    "harvest_from": (0, MOST_DAY),
    "harvest_until": (0, MOST_DAY),
    "deliver_from": (0, MOST_DAY),
    "deliver_until": (0, MOST_DAY),
    "gate_from": (0, MOST_DAY),
    "gate_until": (0, MOST_DAY),
    "certificate_from": (0, MOST_DAY),
    "certificate_until": (0, MOST_DAY),
}


@dataclass(frozen=True)
class _Table:
    """Columns of one length. `key` is a stable 64-bit key of each order's id, unlike every other."""

    COLUMNS: ClassVar[dict[str, type[np.generic]]]
    ELSEWHERE: ClassVar[tuple[str, ...]] = ()  # columns of another length than the table's

    key: NDArray[np.uint64]
    latitude: NDArray[np.float64]  # degrees
    longitude: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.key)

    def __post_init__(self) -> None:
        name = type(self).__name__
        for column, dtype in self.COLUMNS.items():
            array = _column(f"{name}.{column}", getattr(self, column), np.dtype(dtype))
            low, high = _RANGES.get(column, _EVERYTHING)
            if array.dtype not in (np.bool_, np.uint64):
                _within(f"{name}.{column}", array, low, high)
            if column not in self.ELSEWHERE and len(array) != len(self.key):
                raise BadInput(f"{name}.{column} has {len(array)} entries, {name}.key has {len(self.key)}")
            object.__setattr__(self, column, array)
        if len(np.unique(self.key)) != len(self.key):
            raise BadInput(f"{name}.key names two orders alike")

    def sorted(self) -> tuple[Self, NDArray[np.int64]]:
        """The same table, near orders next to each other, and where each row stood before.

        Rows of one place stand in the order of their keys, so the order given here does not matter.
        """
        order = np.lexsort((self.key, along_curve(self.latitude, self.longitude)))
        columns = {
            column: getattr(self, column)[order] for column in self.COLUMNS if column not in self.ELSEWHERE
        }
        return replace(self, **columns), order


@dataclass(frozen=True)
class Lots(_Table):
    """m lots. Certificates are listed apart: certificate k is lot certificate_lot[k]'s."""

    COLUMNS = {  # noqa: RUF012  # a constant of the class
        "key": np.uint64, "posted": np.int64, "party": np.int64, "crop": np.int32, "variety": np.int32,
        "grade": np.int32, "quantity": np.int64, "min_take": np.int64, "multiple": np.int64, "ask": np.int64,
        "harvest_from": np.int32, "harvest_until": np.int32, "latitude": np.float64, "longitude": np.float64,
        "shelf_life": np.int32, "ocop_stars": np.int32, "growing_area": np.bool_, "certificate_lot": np.int32,
        "certificate_scheme": np.int32, "certificate_from": np.int32, "certificate_until": np.int32,
    }  # fmt: skip
    ELSEWHERE = ("certificate_lot", "certificate_scheme", "certificate_from", "certificate_until")

    posted: NDArray[np.int64]
    party: NDArray[np.int64]
    crop: NDArray[np.int32]
    variety: NDArray[np.int32]  # 0: not said
    grade: NDArray[np.int32]  # rank, higher is better
    quantity: NDArray[np.int64]  # what remains
    min_take: NDArray[np.int64]  # 0: any
    multiple: NDArray[np.int64]  # takes are whole multiples of it; 0: any
    ask: NDArray[np.int64]  # at the farm gate
    harvest_from: NDArray[np.int32]
    harvest_until: NDArray[np.int32]
    shelf_life: NDArray[np.int32]  # days from picking, as stored
    ocop_stars: NDArray[np.int32]
    growing_area: Booleans  # has a growing area code
    certificate_lot: NDArray[np.int32]
    certificate_scheme: NDArray[np.int32]  # 0 to 63
    certificate_from: NDArray[np.int32]
    certificate_until: NDArray[np.int32]

    def __post_init__(self) -> None:
        super().__post_init__()
        _in_order("Lots", "harvest_from", self.harvest_from, "harvest_until", self.harvest_until)
        lengths = {len(getattr(self, column)) for column in self.ELSEWHERE}
        if len(lengths) > 1:
            raise BadInput(f"Lots: the certificates' columns have lengths {sorted(lengths)}; one is needed")
        _within("Lots.certificate_lot", self.certificate_lot, 0, len(self) - 1)

    def sorted(self) -> tuple[Self, NDArray[np.int64]]:
        lots, order = super().sorted()
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return replace(lots, certificate_lot=place[self.certificate_lot]), order


@dataclass(frozen=True)
class Demands(_Table):
    """n demands. A gate that is closed has gate_from after gate_until."""

    COLUMNS = {  # noqa: RUF012  # a constant of the class
        "key": np.uint64, "posted": np.int64, "party": np.int64, "crop": np.int32, "varieties": np.uint64,
        "min_grade": np.int32, "quantity": np.int64, "min_fill": np.int64, "min_take": np.int64,
        "max_sellers": np.int32, "bid": np.int64, "deliver_from": np.int32, "deliver_until": np.int32,
        "latitude": np.float64, "longitude": np.float64, "max_distance": np.int64,
        "certificates_required": np.uint64, "min_ocop_stars": np.int32, "min_shelf_life": np.int32,
        "gate_from": np.int32, "gate_until": np.int32, "gate_growing_area": np.bool_,
        "gate_certificates": np.uint64,
    }  # fmt: skip

    posted: NDArray[np.int64]
    party: NDArray[np.int64]
    crop: NDArray[np.int32]
    varieties: NDArray[np.uint64]  # bit v: variety v will do; 0: any
    min_grade: NDArray[np.int32]
    quantity: NDArray[np.int64]  # what remains
    min_fill: NDArray[np.int64]  # less than this in all, and nothing at all is wanted
    min_take: NDArray[np.int64]  # from one lot
    max_sellers: NDArray[np.int32]  # lots in all; 0: no limit
    bid: NDArray[np.int64]  # delivered
    deliver_from: NDArray[np.int32]
    deliver_until: NDArray[np.int32]
    max_distance: NDArray[np.int64]  # by road; -1: any
    certificates_required: NDArray[np.uint64]  # bit s: scheme s
    min_ocop_stars: NDArray[np.int32]
    min_shelf_life: NDArray[np.int32]  # days left on arrival
    gate_from: NDArray[np.int32]
    gate_until: NDArray[np.int32]
    gate_growing_area: Booleans
    gate_certificates: NDArray[np.uint64]

    def __post_init__(self) -> None:
        super().__post_init__()
        _in_order("Demands", "deliver_from", self.deliver_from, "deliver_until", self.deliver_until)


@dataclass(frozen=True)
class Terms:
    """What holds for every pair of the book. Raises BadInput outside the ranges of LIMITS."""

    today: int  # nothing leaves before it
    loading_hours: int
    departure_hour: int  # of the day on which the goods leave
    speed_km_per_hour: int
    road_factor_percent: int  # road distance in percent of the great circle
    fixed_dong_per_kg: int
    dong_per_tonne_km: int
    freshness_penalty_percent: int  # of the bid, lost over a whole shelf life
    max_distance: int  # m by road; -1: any
    seller_share_percent: int

    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {
        "today": (1, MOST_DAY),
        "loading_hours": (0, 240),
        "departure_hour": (0, 24),
        "speed_km_per_hour": (1, 1000),
        "road_factor_percent": (100, 1000),
        "fixed_dong_per_kg": (0, MOST_MONEY),
        "dong_per_tonne_km": (0, MOST_MONEY),
        "freshness_penalty_percent": (0, 100),
        "max_distance": (-1, MOST_DISTANCE),
        "seller_share_percent": (0, 100),
    }

    def __post_init__(self) -> None:
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), self.LIMITS[field.name]
            if not isinstance(value, int) or not low <= value <= high:
                raise BadInput(
                    f"Terms.{field.name} is {value!r}; a whole number from {low} to {high} is needed"
                )


def declined_pairs(declined: ArrayLike, lots: int, demands: int) -> NDArray[np.int64]:
    """Pairs (lot, demand) as int64[k, 2]. Raises BadInput where one names no order."""
    pairs = np.asarray(declined, np.int64).reshape(-1, 2)
    _within("declined lots", pairs[:, 0], 0, lots - 1)
    _within("declined demands", pairs[:, 1], 0, demands - 1)
    return pairs


def _column(name: str, value: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A read-only copy as `dtype`, refused where that would change a value."""
    given = np.asarray(value)
    if given.ndim != 1:
        raise BadInput(f"{name} has {given.ndim} dimensions; one is needed")
    array: NDArray[Any] = given.copy() if given.dtype == dtype else _converted(name, given, dtype)
    array.setflags(write=False)
    return array


def _converted(name: str, given: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            array: NDArray[Any] = given.astype(dtype)
    except OverflowError:
        raise BadInput(f"{name} has a figure that {dtype} does not hold") from None
    changed = array != given if len(given) else np.zeros(0, np.bool_)
    if changed.any():
        place = int(changed.argmax())
        raise BadInput(f"{name}[{place}] is {given[place]}, which {dtype} does not hold")
    return array


def _within(name: str, array: NDArray[Any], low: int, high: int) -> None:
    if not len(array):
        return
    outside = ~((array >= low) & (array <= high))
    if outside.any():
        place = int(outside.argmax())
        raise BadInput(f"{name}[{place}] is {array[place]}; {low} to {high} is needed")


def _in_order(table: str, first: str, earlier: Integers, second: str, later: Integers) -> None:
    wrong = earlier > later
    if wrong.any():
        raise BadInput(f"{table}.{first}[{int(wrong.argmax())}] is after {second}")

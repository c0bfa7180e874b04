"""One place, and the distance between two."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Vintage = Literal["2025", "legacy"]
Kind = Literal["province", "district", "commune"]

EARTH_RADIUS_METRES = 6_371_008.8  # mean radius R1 of the IUGG

_KIND_BY_CODE_LENGTH: Mapping[int, Kind] = {2: "province", 3: "district", 5: "commune"}


@dataclass(frozen=True, slots=True)
class Place:
    """A province, a legacy district or a commune. `name` has its type word: "Xã Chi Lăng".

    `district` only for legacy communes; `successors` are the 2025 codes a legacy commune became,
    the likeliest first.
    """

    vintage: Vintage
    code: str
    name: str
    district: str | None
    province_code: str
    province: str
    latitude: float
    longitude: float
    successors: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return _KIND_BY_CODE_LENGTH[len(self.code)]

    @property
    def full_name(self) -> str:
        """ "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn"; `Places.search` finds it first by this."""
        parts = (self.name, self.district, None if self.kind == "province" else self.province)
        return ", ".join(part for part in parts if part)


def distance_metres(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> int:
    """Great circle between two points in degrees, by the haversine formula, rounded to a metre."""
    phi_a, phi_b = math.radians(latitude_a), math.radians(latitude_b)
    half_latitude = math.sin((phi_b - phi_a) / 2)
    half_longitude = math.sin(math.radians(longitude_b - longitude_a) / 2)
    square = half_latitude**2 + math.cos(phi_a) * math.cos(phi_b) * half_longitude**2
    return round(2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, square))))

"""The transport tariff (config/tariff.yaml)."""

from typing import Annotated

from pydantic import Field, RootModel, Strict

from matcher.catalogue.entry import Entry, Sourced, Whole

Hour = Annotated[int, Strict(), Field(ge=0, le=23)]
Positive = Annotated[int, Strict(), Field(gt=0)]


class Tariff(Entry):
    """What carrying a crop costs and how long it takes. Whole numbers all, so that sums stay exact.

    fixed_dong_per_kg: loading, unloading, market fee; dong_per_tonne_km: per kilometre by road.
    road_factor_percent: kilometres by road for 100 km of great circle.
    speed_km_per_hour: a loaded truck by road, door to door, stops included.
    departure_hour: the hour of the day, Asia/Ho_Chi_Minh, at which trucks leave.
    loading_hours: from the end of picking until the truck is loaded.
    freshness_penalty_percent: what of its bid a kilogram has lost in worth when its shelf life is
    used up, and in proportion before that.
    max_distance_km: by road, beyond which no lot is carried.
    """

    fixed_dong_per_kg: Whole
    dong_per_tonne_km: Whole
    road_factor_percent: Annotated[int, Strict(), Field(ge=100)]
    speed_km_per_hour: Positive
    departure_hour: Hour
    loading_hours: Whole
    freshness_penalty_percent: Annotated[int, Strict(), Field(ge=0, le=100)]
    max_distance_km: Positive


class Figure(Sourced):
    value: Annotated[int, Strict()]


class TariffFile(RootModel[dict[str, Figure]]):
    """tariff.yaml gives each figure of Tariff with its source."""

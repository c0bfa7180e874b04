"""Metres between two places, and an order of places in which near ones are mostly near."""

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS = 6_371_008.8  # m, the mean radius of GRS 80 (Moritz, Geodetic Reference System 1980)

Floats = NDArray[np.float64]


def unit_vectors(latitude: Floats, longitude: Floats) -> Floats:
    """Degrees to points on the unit sphere, float64[k, 3]."""
    latitude, longitude = np.radians(latitude), np.radians(longitude)
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )


def great_circle(one: Floats, other: Floats) -> NDArray[np.int64]:
    """Metres along the surface between unit vectors float64[k, 3], rounded to a whole metre."""
    between = one - other
    chord = np.sqrt(between[:, 0] ** 2 + between[:, 1] ** 2 + between[:, 2] ** 2)
    metres: NDArray[np.int64] = np.rint(2 * EARTH_RADIUS * np.arcsin(np.minimum(chord / 2, 1))).astype(
        np.int64
    )
    return metres


def road(metres: NDArray[np.int64], factor_percent: int) -> NDArray[np.int64]:
    """Road metres from great-circle metres, half a metre rounded up."""
    return (metres * factor_percent + 50) // 100


def along_curve(latitude: Floats, longitude: Floats) -> NDArray[np.int64]:
    """The place of each on a curve through the whole globe that stays near where it is as long as it can.

    The bits of 65,536 steps of latitude and of longitude, taken in turns (Morton, 1966).
    """
    north = ((latitude + 90) * (65_535 / 180)).astype(np.int64)
    east = ((longitude + 180) * (65_535 / 360)).astype(np.int64)
    curve = np.zeros(len(latitude), np.int64)
    for bit in range(16):
        curve |= ((north >> bit) & 1) << (2 * bit + 1) | ((east >> bit) & 1) << (2 * bit)
    return curve

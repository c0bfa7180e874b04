"""Reads config/places.csv, which config/make_places.py writes."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from matcher.errors import ConfigError
from matcher.places.index import Places
from matcher.places.place import Place, Vintage

COLUMNS = [
    "vintage", "code", "name", "district", "province_code", "province", "latitude", "longitude", "successors"
]  # fmt: skip
# Việt Nam with Hoàng Sa and Trường Sa.
LATITUDES, LONGITUDES = (7.0, 23.5), (102.0, 115.0)

_VINTAGES = get_args(Vintage)
_CODE_LENGTHS = (2, 3, 5)


def load_places(config_folder: Path) -> Places:
    """Raises ConfigError at the first fault of places.csv. Takes some tenths of a second: load once."""
    places, faults = read_places(config_folder)
    if faults:
        raise faults[0]
    return Places(places)


def read_places(config_folder: Path) -> tuple[list[Place], list[ConfigError]]:
    """The rows that are right and a fault, with file and line, for each that is not."""
    path = config_folder / "places.csv"
    try:
        rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    except OSError as error:
        return [], [ConfigError(str(path), None, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [], [ConfigError(str(path), None, "is not UTF-8")]
    if next(rows, None) != COLUMNS:
        return [], [ConfigError(str(path), 1, f"the columns must be {','.join(COLUMNS)}")]

    places: list[Place] = []
    faults: list[ConfigError] = []
    line_of: dict[tuple[str, str], int] = {}
    for row in rows:
        wrong = list(_wrong_in(row))
        key = (row[0], row[1]) if len(row) > 1 else ("", "")
        if not wrong and key in line_of:
            wrong = [f"{key[0]} {key[1]} is already on line {line_of[key]}"]
        line_of.setdefault(key, rows.line_num)
        faults += [ConfigError(str(path), rows.line_num, fault) for fault in wrong]
        if not wrong:
            places.append(_place(row))
    faults += _lost_successors(path, places, line_of)
    return places, faults


def _wrong_in(row: list[str]) -> Iterator[str]:
    if len(row) != len(COLUMNS):
        yield f"has {len(row)} cells instead of {len(COLUMNS)}"
        return
    vintage, code, name, _, province_code, province, latitude, longitude, _ = row
    if vintage not in _VINTAGES:
        yield f"vintage {vintage!r} is not one of {', '.join(_VINTAGES)}"
    if not (code.isascii() and code.isdigit() and len(code) in _CODE_LENGTHS):
        yield f"code {code!r} is not 2 digits (province), 3 (district) or 5 (commune)"
    if not (name and province and province_code):
        yield "name, province and province_code must not be empty"
    for cell in row:
        if not (cell.isascii() or unicodedata.is_normalized("NFC", cell)):
            yield f"{cell!r} is not in Unicode form NFC"
    yield from _wrong_degrees("latitude", latitude, LATITUDES)
    yield from _wrong_degrees("longitude", longitude, LONGITUDES)


def _wrong_degrees(column: str, text: str, bounds: tuple[float, float]) -> Iterator[str]:
    try:
        degrees = float(text)
    except ValueError:
        yield f"{column} {text!r} is not a number of degrees"
        return
    if not bounds[0] <= degrees <= bounds[1]:
        yield f"{column} {text} is outside Việt Nam ({bounds[0]:g} to {bounds[1]:g})"


def _place(row: list[str]) -> Place:
    vintage: Vintage = "2025" if row[0] == "2025" else "legacy"
    _, code, name, district, province_code, province, latitude, longitude, successors = row
    return Place(
        vintage,
        code,
        name,
        district or None,
        province_code,
        province,
        float(latitude),
        float(longitude),
        tuple(successors.split()),
    )


def _lost_successors(
    path: Path, places: list[Place], line_of: dict[tuple[str, str], int]
) -> Iterator[ConfigError]:
    for place in places:
        for successor in place.successors:
            if ("2025", successor) not in line_of:
                line = line_of[place.vintage, place.code]
                yield ConfigError(str(path), line, f"successor {successor} is no 2025 code")

"""Writes config/places.csv: `python config/make_places.py`, with `vietnamadminunits` (MIT) installed.

Both vintages: `2025` (34 provinces, 3,321 communes) and `legacy` (before 1 July 2025, with districts).
Points are the package's own, with three repairs, each listed when the script runs:
a centrally run city stands at its old centre, not in the middle of its merged province;
a 2025 commune that lies far from every commune it was made of takes their middle;
a legacy commune whose point is only its district's, or lies far outside it, takes its successor's.
"""

import csv
import importlib.util
import json
import math
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

COLUMNS = [
    "vintage", "code", "name", "district", "province_code", "province", "latitude", "longitude", "successors"
]  # fmt: skip

Point = tuple[float, float]
Rows = dict[str, dict[str, Any]]


def main() -> None:
    data = package_data_folder()
    connection = sqlite3.connect(data / "dataset.db")
    connection.row_factory = sqlite3.Row
    now = [dict(row) for row in connection.execute("select * from admin_units")]
    everywhere = [dict(row) for row in connection.execute("select * from admin_units_legacy")]
    before = [row for row in everywhere if row["wardCode"]]  # five island districts had no communes
    successors = successors_of(before, now, json.loads((data / "converter_2025.json").read_text("utf-8")))
    repair_communes_of_2025(now, before, successors)
    repair_legacy_communes(now, before, successors)

    rows = [commune("2025", row, []) for row in now]
    rows += [commune("legacy", row, successors[row["wardCode"]]) for row in before]
    rows += [district(row) for row in {row["districtCode"]: row for row in everywhere}.values()]
    rows += provinces(now, before)
    rows.sort(key=lambda row: (row[0], len(row[1]), row[1]))
    with (Path(__file__).parent / "places.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    sys.stdout.write(f"{len(rows)} places\n")


def package_data_folder() -> Path:
    spec = importlib.util.find_spec("vietnamadminunits")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("vietnamadminunits is not installed; it comes with the dev extra: pip install -e .[dev]")
    return Path(spec.submodule_search_locations[0]) / "data"


def successors_of(
    before: list[dict[str, Any]], now: list[dict[str, Any]], converter: dict[str, Any]
) -> dict[str, list[str]]:
    """Legacy commune code -> its 2025 codes, the package's default first where a commune was divided."""
    code_now = {(row["provinceKey"], row["wardKey"]): row["wardCode"] for row in now}
    by_key: dict[str, list[str]] = defaultdict(list)
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for key_now, keys_before in communes.items():
            for key in keys_before:
                by_key[key].append(code_now[province, key_now])
    for province, communes in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in communes.items():
            parts.sort(key=lambda part: not part["isDefaultNewWard"])
            by_key[key] += [code_now[province, part["newWardKey"]] for part in parts]
    return {
        row["wardCode"]: list(
            dict.fromkeys(by_key[f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey']}"])
        )
        for row in before
    }


def repair_communes_of_2025(
    now: list[dict[str, Any]], before: list[dict[str, Any]], successors: dict[str, list[str]]
) -> None:
    """Some communes that share a name within a merged province carry each other's point in the package."""
    predecessors: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in before:
        for code in successors[row["wardCode"]]:
            predecessors[code].append(row)
    for row in now:
        olds = predecessors[row["wardCode"]]
        points = [point(old, "ward") for old in olds if stands_by_itself(old)]
        diameter_km = 2 * math.sqrt((row["wardAreaKm2"] or 100) / math.pi)
        nearest_km = min((kilometres(point(row, "ward"), point(old, "ward")) for old in olds), default=0.0)
        if points and nearest_km > diameter_km + 10:
            tell("2025", row, nearest_km)
            row["wardLat"] = sum(latitude for latitude, _ in points) / len(points)
            row["wardLon"] = sum(longitude for _, longitude in points) / len(points)


def repair_legacy_communes(
    now: list[dict[str, Any]], before: list[dict[str, Any]], successors: dict[str, list[str]]
) -> None:
    row_now: Rows = {row["wardCode"]: row for row in now}
    for row in before:
        successor = point(row_now[successors[row["wardCode"]][0]], "ward")
        away_km = kilometres(point(row, "ward"), successor)
        if not stands_by_itself(row) and away_km > 10:
            tell("legacy", row, away_km)
            row["wardLat"], row["wardLon"] = successor


def stands_by_itself(row: dict[str, Any]) -> bool:
    """Whether a legacy commune's point is its own: neither its district's nor far outside its district."""
    away_km = kilometres(point(row, "ward"), point(row, "district"))
    return 0.1 < away_km < 40


def commune(vintage: str, row: dict[str, Any], successors: list[str]) -> list[str]:
    return line(
        vintage, row["wardCode"], row["ward"], row.get("district"), row, point(row, "ward"), successors
    )


def district(row: dict[str, Any]) -> list[str]:
    return line("legacy", row["districtCode"], row["district"], None, row, point(row, "district"), [])


def provinces(now: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[list[str]]:
    of_2025 = {row["provinceCode"]: row for row in now}
    legacy = {row["provinceCode"]: row for row in before}
    lines = []
    for vintage, rows in (("2025", of_2025), ("legacy", legacy)):
        for code, row in rows.items():
            is_city = row["province"].startswith("Thành phố ")
            where = point(legacy[code] if is_city else row, "province")
            lines.append(line(vintage, code, row["province"], None, row, where, []))
    return lines


def line(
    vintage: str,
    code: str,
    name: str,
    district_name: str | None,
    row: dict[str, Any],
    where: Point,
    successors: list[str],
) -> list[str]:
    latitude, longitude = (f"{degrees:.5f}".rstrip("0") for degrees in where)
    return [
        vintage,
        code,
        name,
        district_name or "",
        row["provinceCode"],
        row["province"],
        latitude,
        longitude,
        " ".join(successors),
    ]


def point(row: dict[str, Any], unit: str) -> Point:
    return row[f"{unit}Lat"], row[f"{unit}Lon"]


def kilometres(a: Point, b: Point) -> float:
    """Near enough for finding a misplaced point: as on a flat map, 111.2 km to a degree."""
    east_west = (b[1] - a[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    return 111.2 * math.hypot(b[0] - a[0], east_west)


def tell(vintage: str, row: dict[str, Any], away_km: float) -> None:
    sys.stdout.write(f"{vintage} {row['wardCode']} {row['ward']}, {row['province']}: {away_km:.0f} km off\n")


if __name__ == "__main__":
    main()

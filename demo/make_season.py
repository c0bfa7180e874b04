"""Writes demo/season.jsonl: `python -m demo.make_season`. The same seed always gives the same bytes.

The ordinary trade is drawn here from the figures of demo/figures.py; the awkward cases are written out
one by one in demo/awkward.py.
"""

import json
from random import Random
from typing import Any

from demo.awkward import awkward_drafts
from demo.drafts import FIRST_DAY, LAST_DAY, Draft, day, lines, moment
from demo.figures import BUYERS, FLUSHES, PRODUCERS, TRADES, Buyer, Commune, Grade, Producer, Trade
from demo.season import SEASON_FILE

SEED = 20200821
HEADER = {
    "season": "Một tuần vụ na Chi Lăng, 17–23/8/2020 · A harvest week in Lạng Sơn, 17–23 August 2020",
    "first_day": FIRST_DAY.isoformat(),
    "last_day": LAST_DAY.isoformat(),
    "seed": SEED,
    "sources": [
        "report of the conference in Lạng Sơn, 21 August 2020",
        "custard apple: vietnammoi.vn 134091; vnexpress.net 3456089; m.baophapluat.vn 485220; 24h.com.vn",
        "longan and dragon fruit, August 2020: sggpnews.org.vn 88326",
        "bò khai: langngheviet.com.vn 20103; etime.danviet.vn, 3 April 2020",
        "star anise: nhandan.vn 777157; ngoisao.vn",
        "all others, and every quantity: guesses; demo/README.md says which",
    ],
}
DEPARTURES = (4, 4, 5, 5, 6, 7, 8, 9, 11, 15, 18, 20)  # hours at which posts come: most at the morning market


def season_text() -> str:
    """The whole file."""
    random = Random(SEED)  # noqa: S311  # a drawn season keeps no secret
    drafts = [draft for trade in TRADES for draft in _ordinary(random, trade)]
    drafts += awkward_drafts()
    parties = [*map(_producer_line, PRODUCERS), *map(_buyer_line, BUYERS)]
    written = [HEADER, *parties, *lines(drafts)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in written)


def _producer_line(party: Producer) -> dict[str, Any]:
    line = {"party": party.key, "kind": "producer", "name": party.name, "language": "vi"}
    return line | {"district": party.district}


def _buyer_line(party: Buyer) -> dict[str, Any]:
    return {"party": party.key, "kind": "buyer", "name": party.name, "language": party.language}


def _ordinary(random: Random, trade: Trade) -> list[Draft]:
    lots = [_lot(random, trade) for _ in range(trade.lots)]
    return lots + [_demand(random, trade) for _ in range(trade.demands)]


def _lot(random: Random, trade: Trade) -> Draft:
    posted = random.randrange(6)
    producer = _producer(random.choice(trade.producers))
    grade = _weighted(random, [(grade.share, grade) for grade in trade.grades])
    quantity = random.choice(trade.lot_sizes)
    picked = posted + random.randrange(2)
    body: dict[str, Any] = {"crop": trade.crop}
    if trade.varieties:
        body["variety"] = random.choice(trade.varieties)
    body |= {
        "grade": grade.key,
        "quantity_kg": quantity,
        "ask": _ask(random, trade, grade),
        "harvest_from": day(picked),
        "harvest_until": day(min(picked + random.randrange(3), 6)),
        "place": _commune_place(random, random.choice(producer.communes)),
    }
    body |= _packing(random, trade, quantity) | _lot_extras(random, trade, producer)
    at = moment(posted, random.choice(DEPARTURES), random.randrange(60))
    return Draft(at, producer.key, "lot", body, district=producer.district)


def _ask(random: Random, trade: Trade, grade: Grade) -> int:
    price = random.randrange(grade.low, grade.high + 1)
    percent = _weighted(random, FLUSHES) if trade.has_flushes else 100
    step = 500 if price >= 10_000 else 100
    return price * percent // 100 // step * step


def _packing(random: Random, trade: Trade, quantity: int) -> dict[str, Any]:
    if trade.package and random.randrange(100) < 20 and quantity >= 10 * trade.package[1]:
        return {"multiple_kg": trade.package[1]}
    if quantity >= 2_000 and random.randrange(100) < 40:
        return {"min_take_kg": 500}
    return {}


def _lot_extras(random: Random, trade: Trade, producer: Producer) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if random.randrange(100) < trade.cool_percent:
        extras["storage"] = "cool"
    if random.randrange(100) < trade.vietgap_percent:
        number = f"VG-{producer.key.upper()}-{random.randrange(1, 40):02d}"
        extras["certificates"] = [
            {"scheme": "vietgap", "number": number, "valid_from": "2019-10-01", "valid_until": "2021-09-30"}
        ]
    if trade.crop in ("black_jelly_powder", "star_anise_oil"):
        extras["ocop_stars"] = 4
    return extras


def _demand(random: Random, trade: Trade) -> Draft:
    posted = random.randrange(6)
    buyer = _buyer(random.choice(trade.buyers))
    grade = _weighted(random, [(grade.share, grade) for grade in trade.grades])
    quantity = random.choice(trade.demand_sizes)
    first = posted + random.randrange(2)
    body: dict[str, Any] = {
        "crop": trade.crop,
        "min_grade": grade.key,
        "quantity_kg": quantity,
        "bid": _bid(random, grade, buyer),
        "deliver_from": day(first),
        "deliver_until": day(first + random.randrange(1, 4)),
        "place": buyer.place,
        "min_shelf_life_days": random.choice(trade.shelf_life_wanted),
    }
    body |= _demand_extras(random, trade, buyer, quantity)
    at = moment(posted, random.choice(DEPARTURES), random.randrange(60))
    return Draft(at, buyer.key, "demand", body)


def _bid(random: Random, grade: Grade, buyer: Buyer) -> int:
    """A farm-gate price with 5 to 45 % on top, and the transport the buyer reckons with."""
    price = random.randrange(grade.low, grade.high + 1) * random.randrange(105, 146) // 100
    transport = 500 + buyer.kilometres * 130 // 100 * 3
    return (price + transport) // 500 * 500


def _demand_extras(random: Random, trade: Trade, buyer: Buyer, quantity: int) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    chance = random.randrange(100)
    if chance < 20:
        extras["min_fill_kg"] = quantity // 2
    elif chance < 35 and quantity >= 1_000:
        extras["min_take_kg"] = quantity // 10
    elif chance < 45:
        extras["max_sellers"] = random.randrange(2, 5)
    if trade.vietgap_percent and buyer.key.startswith(("sieu-thi", "rau-sach")) and random.randrange(2):
        extras["certificates_required"] = ["vietgap"]
    if buyer.kilometres < 110 and random.randrange(100) < 25:
        extras["max_distance_km"] = 250
    return extras


def _commune_place(random: Random, commune: Commune) -> Any:
    """One of the ways to say where: a name, a code of either vintage, the point of a collection yard."""
    yard = {
        "name": commune.name,
        "latitude": round(commune.latitude + random.randrange(-80, 81) / 10_000, 4),
        "longitude": round(commune.longitude + random.randrange(-80, 81) / 10_000, 4),
    }
    legacy = {"code": commune.code, "vintage": "legacy"}
    now = {"code": commune.code_2025, "vintage": "2025"}
    return random.choice((commune.name, legacy, now, yard))


def _weighted(random: Random, choices: Any) -> Any:
    """The second of a pair, drawn by the first, its share in percent."""
    left = random.randrange(100)
    for share, value in choices:
        left -= share
        if left < 0:
            return value
    raise ValueError(f"the shares do not make 100: {choices}")


def _producer(key: str) -> Producer:
    return next(producer for producer in PRODUCERS if producer.key == key)


def _buyer(key: str) -> Buyer:
    return next(buyer for buyer in BUYERS if buyer.key == key)


if __name__ == "__main__":
    SEASON_FILE.write_text(season_text(), encoding="utf-8", newline="\n")

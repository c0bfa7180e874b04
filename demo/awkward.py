"""The awkward cases of the season, written out one by one; demo/cases.py says what must come of each.

An order that must stay unmatched breaks its rule with every order of the season, not only with one; the
test of the season checks that against all of them.
"""

from typing import Any

from demo.drafts import Draft, day, moment
from demo.figures import BUYERS, PRODUCERS, Buyer, Producer

Time = tuple[int, int]  # the day, counted from the season's first, and the hour


def awkward_drafts() -> list[Draft]:
    return [
        *_too_far(), *_too_ripe(), *_too_dear(), *_certificate_expiring(), *_minimum_fill_not_met(),
        *_grade_too_low(), *_gate_closed(), *_withdrawn(), *_amended(), *_units(), *_packing_multiple(),
        *_many_lots_for_one_demand(), *_one_lot_for_many_demands(),
    ]  # fmt: skip


def _lot(
    case: str, party: str, at: Time, crop: str, grade: str, quantity: Any, ask: int, **more: Any
) -> Draft:
    """A lot picked on the day it is posted and the two after it, unless `more` says otherwise."""
    producer: Producer = next(producer for producer in PRODUCERS if producer.key == party)
    commune = producer.communes[0]
    body = {
        "crop": crop, "grade": grade, "quantity_kg": quantity, "ask": ask,
        "harvest_from": day(at[0]), "harvest_until": day(at[0] + 2),
        "place": {"code": commune.code, "vintage": "legacy"},
    }  # fmt: skip
    return Draft(moment(*at, 30), party, "lot", body | more, case, producer.district)


def _demand(
    case: str, party: str, at: Time, crop: str, min_grade: str, quantity: Any, bid: int, **more: Any
) -> Draft:
    """A demand for the day after it is posted and the three after that, unless `more` says otherwise."""
    buyer: Buyer = next(buyer for buyer in BUYERS if buyer.key == party)
    body = {
        "crop": crop, "min_grade": min_grade, "quantity_kg": quantity, "bid": bid,
        "deliver_from": day(at[0] + 1), "deliver_until": day(at[0] + 4), "place": buyer.place,
    }  # fmt: skip
    if crop == "custard_apple":
        body["min_shelf_life_days"] = 1
    return Draft(moment(*at, 45), party, "demand", body | more, case)


def _na(case: str, party: str, at: Time, grade: str, quantity: Any, ask: int, **more: Any) -> Draft:
    return _lot(case, party, at, "custard_apple", grade, quantity, ask, **{"variety": "na_dai"} | more)


def _later(order: Draft, action: str, at: Time, **changes: Any) -> Draft:
    return Draft(moment(*at), order.party, f"{action}_{order.kind}", changes, about=order)


def _too_far() -> list[Draft]:
    case = "too_far"
    return [
        _demand(case, "long-bien-2", (0, 5), "custard_apple", "grade_3", 2000, 42_000, max_distance_km=50),
        _demand(case, "hai-phong", (2, 6), "custard_apple", "grade_2", 3000, 44_000, max_distance_km=60),
        _demand(case, "ha-long", (3, 6), "longan", "grade_2", 1500, 30_000, max_distance_km=40),
        # Two days on the road are more than these leaves keep.
        _demand(case, "sieu-thi-hcm", (1, 8), "bo_khai", "grade_2", 100, 95_000),
        _demand(case, "thu-duc", (2, 8), "chinese_kale", "grade_2", 500, 40_000, min_shelf_life_days=1),
    ]


def _too_ripe() -> list[Draft]:
    case = "too_ripe"
    picked = {"harvest_from": day(-3), "harvest_until": day(-3)}
    return [
        _na(case, "na-chi-lang-2", (0, 4), "grade_2", 800, 12_000, **picked),
        _na(case, "na-huu-lung-1", (0, 5), "grade_1", 300, 25_000, **picked),
        _na(case, "na-chi-lang-5", (0, 6), "grade_2", 1200, 11_000, **picked),
        _demand(
            case, "sieu-thi-hcm", (1, 9), "custard_apple", "grade_2", 1000, 60_000, min_shelf_life_days=6
        ),
        _demand(case, "sieu-thi-ha-noi", (1, 9), "longan", "grade_2", 1000, 38_000, min_shelf_life_days=3),
    ]


def _too_dear() -> list[Draft]:
    case = "too_dear"
    return [
        _na(case, "na-chi-lang-1", (1, 7), "grade_1", 400, 160_000),
        _na(case, "na-huu-lung-2", (2, 7), "grade_1", 1000, 150_000),
        _lot(case, "hoi-van-quan-2", (1, 10), "star_anise", "whole_selected", 500, 290_000),
        _demand(case, "bac-giang", (1, 5), "custard_apple", "grade_3", 5000, 5_000),
        _demand(case, "bep-bac-ninh", (2, 5), "longan", "grade_3", 1000, 4_000),
    ]


def _certificate_expiring() -> list[Draft]:
    case = "certificate_expiring"
    until_thursday = {
        "scheme": "vietgap", "number": "VG-NHAN-HUU-LUNG-07", "valid_from": "2018-08-21",
        "valid_until": day(3),
    }  # fmt: skip
    lot: dict[str, Any] = {"variety": "nhan_long", "certificates": [until_thursday], "harvest_until": day(5)}
    demand: dict[str, Any] = {
        "certificates_required": ["vietgap"], "deliver_from": day(4), "deliver_until": day(6)
    }  # fmt: skip
    return [
        _lot(case, "nhan-huu-lung-1", (2, 8), "longan", "grade_1", 1000, 40_000, **lot),
        _lot(case, "nhan-huu-lung-2", (2, 9), "longan", "grade_1", 1500, 41_000, **lot),
        _demand(case, "sieu-thi-ha-noi", (2, 10), "longan", "grade_1", 800, 50_000, **demand),
        _demand(case, "sieu-thi-quang-ninh", (3, 10), "longan", "grade_1", 1200, 49_000, **demand),
    ]


def _minimum_fill_not_met() -> list[Draft]:
    case = "minimum_fill_not_met"
    mealy = {"varieties": ["na_bo"], "min_fill_kg": 8000}
    one_seller = {"max_sellers": 1, "min_fill_kg": {"amount": 18, "unit": "tấn"}}
    return [
        _na(case, "na-chi-lang-3", (0, 7), "grade_1", 900, 100_000, variety="na_bo"),
        _demand(case, "sieu-thi-ha-noi", (1, 7), "custard_apple", "grade_1", 10_000, 125_000, **mealy),
        _demand(case, "hoang-mai", (2, 7), "custard_apple", "grade_3", 20_000, 15_000, **one_seller),
        _demand(case, "thu-duc", (2, 9), "dried_rice_noodle", "standard", 5000, 56_000, min_fill_kg=5000),
        _demand(
            case, "gia-vi-hai-phong", (3, 9), "star_anise_oil", "standard", 2000, 450_000, min_fill_kg=2000
        ),
    ]


def _grade_too_low() -> list[Draft]:
    case = "grade_too_low"
    small = {"variety": "white_flesh"}
    return [
        _lot(case, "thanh-long-huu-lung", (0, 9), "dragon_fruit", "grade_3", 2000, 2_000, **small),
        _lot(case, "thanh-long-loc-binh", (2, 9), "dragon_fruit", "grade_3", 3000, 1_500, **small),
        _demand(case, "rau-sach-ha-noi", (1, 6), "bamboo_shoot", "grade_1", 400, 40_000),
        _demand(case, "sieu-thi-ha-noi", (3, 6), "bamboo_shoot", "grade_1", 600, 42_000),
    ]


def _gate_closed() -> list[Draft]:
    case = "gate_closed"
    # Custard apple to China: under negotiation in 2020, and no later word; to Japan no gate speaks of these.
    return [
        _demand(case, "xuat-khau-bac-giang", (0, 9), "custard_apple", "grade_2", 8000, 60_000, market="CN"),
        _demand(case, "xuat-khau-bac-giang", (3, 9), "custard_apple", "grade_1", 4000, 90_000, market="CN"),
        _demand(case, "xuat-khau-bac-giang", (2, 9), "custard_apple", "grade_1", 1000, 95_000, market="JP"),
        _demand(case, "xuat-khau-bac-giang", (4, 9), "chinese_kale", "grade_1", 300, 30_000, market="JP"),
    ]


def _withdrawn() -> list[Draft]:
    case = "withdrawn"
    first = _na(case, "na-chi-lang-4", (1, 8), "grade_1", 500, 140_000)
    second = _na(case, "na-huu-lung-3", (3, 8), "grade_2", 700, 130_000)
    third = _demand(case, "da-nang", (1, 11), "custard_apple", "grade_2", 2000, 7_000)
    return [
        first, second, third,
        _later(first, "withdraw", (2, 12)),
        _later(second, "withdraw", (4, 12)),
        _later(third, "withdraw", (3, 12)),
    ]  # fmt: skip


def _amended() -> list[Draft]:
    """Each could not have been matched before its amendment, so it is still open when that comes."""
    case = "amended"
    first = _na(case, "na-chi-lang-6", (0, 8), "grade_1", 600, 145_000, harvest_until=day(4))
    second = _lot(case, "hoi-binh-gia", (0, 9), "star_anise", "whole", 1000, 280_000)
    third = _demand(case, "bac-ninh", (0, 10), "custard_apple", "grade_2", 1500, 6_000)
    fourth = _demand(case, "hoang-mai", (1, 10), "custard_apple", "grade_3", 1000, 36_000, max_distance_km=30)
    return [
        first, second, third, fourth,
        _later(first, "amend", (1, 18), ask=30_000),
        _later(second, "amend", (2, 18), ask=95_000, harvest_until=day(5)),
        _later(third, "amend", (1, 19), bid=58_000, deliver_until=day(5)),
        _later(fourth, "amend", (2, 19), max_distance_km=300),
    ]  # fmt: skip


def _units() -> list[Draft]:
    case = "units"
    tonnes = {"amount": "1.5", "unit": "tấn"}
    return [
        _na(case, "na-chi-lang-1", (0, 5), "grade_2", {"amount": 12, "unit": "tạ"}, 17_000),
        _na(case, "na-huu-lung-4", (1, 5), "grade_2", {"amount": 45, "unit": "Sọt"}, 17_500),
        _lot(case, "hoi-van-lang", (1, 9), "star_anise", "whole", {"amount": 40, "unit": "sack"}, 90_000),
        _na(case, "na-chi-lang-3", (2, 5), "grade_2", {"amount": 35, "unit": "yến"}, 17_000),
        _demand(case, "bac-giang", (0, 6), "custard_apple", "grade_2", tonnes, 56_000),
        _demand(case, "hai-phong", (2, 6), "custard_apple", "grade_3", {"amount": 2, "unit": "TNE"}, 55_000),
    ]


def _packing_multiple() -> list[Draft]:
    case = "packing_multiple"
    crates = {"multiple_kg": {"amount": 1, "unit": "crate"}}
    boxes = {"multiple_kg": {"amount": 1, "unit": "Thùng xốp"}, "variety": "nhan_long"}
    return [
        _na(case, "na-chi-lang-2", (1, 5), "grade_2", 1010, 16_500, **crates),
        _na(case, "na-huu-lung-1", (2, 5), "grade_2", 750, 16_500, **crates, min_take_kg=50),
        _lot(case, "nhan-huu-lung-1", (1, 6), "longan", "grade_1", 333, 7_000, **boxes),
        _lot(case, "hoi-van-quan-1", (2, 9), "star_anise", "whole", 1010, 92_000, multiple_kg=25),
    ]


def _many_lots_for_one_demand() -> list[Draft]:
    case = "many_lots_for_one_demand"
    certified = {"certificates_required": ["vietgap"], "deliver_from": day(1), "deliver_until": day(6)}
    longan = {"deliver_from": day(1), "deliver_until": day(6), "min_take_kg": 200}
    tonnes = {"amount": 30, "unit": "tấn"}
    return [
        _demand(case, "sieu-thi-ha-noi", (0, 5), "custard_apple", "grade_2", tonnes, 58_000, **certified),
        _demand(case, "sieu-thi-quang-ninh", (1, 5), "custard_apple", "grade_3", 25_000, 48_000, **certified),
        _demand(case, "xuat-khau-bac-giang", (0, 7), "longan", "grade_3", 14_000, 26_000, **longan),
    ]


def _one_lot_for_many_demands() -> list[Draft]:
    case = "one_lot_for_many_demands"
    yard = {"harvest_until": day(4), "min_take_kg": 100}
    return [
        _na(case, "na-chi-lang-1", (0, 6), "grade_2", {"amount": 15, "unit": "tấn"}, 15_000, **yard),
        _na(case, "na-huu-lung-2", (0, 7), "grade_2", {"amount": 12, "unit": "tấn"}, 15_500, **yard),
        _lot(case, "hoi-van-quan-1", (0, 8), "star_anise", "whole", 12_000, 95_000),
    ]

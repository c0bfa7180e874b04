from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from matcher.catalogue import load_catalogue
from matcher.catalogue.gates import Gate, overlaps_among
from matcher.errors import NotFound

CATALOGUE = load_catalogue(Settings().config_folder)
CONFERENCE = date(2020, 8, 21)
keys = st.sampled_from(list(CATALOGUE.crops))
days = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(keys, days)
def test_every_crop_may_be_sold_at_home_on_every_day(key: str, day: date) -> None:
    gate = CATALOGUE.gate_on(key, "VN", day)
    assert gate is not None
    assert gate.status == "open"
    assert not gate.requires.growing_area_code


def test_custard_apple_is_still_negotiated_for_china() -> None:
    gate = CATALOGUE.gate_on("custard_apple", "CN", CONFERENCE)
    assert gate is not None
    assert gate.status == "negotiating"


def test_lychee_needs_a_growing_area_code_for_china_and_the_usa() -> None:
    for market in ("CN", "US"):
        gate = CATALOGUE.gate_on("lychee", market, CONFERENCE)
        assert gate is not None
        assert (gate.status, gate.requires.growing_area_code) == ("open", True)


def test_where_nothing_is_known_there_is_no_gate() -> None:
    assert CATALOGUE.gate_on("custard_apple", "US", CONFERENCE) is None
    assert CATALOGUE.gate_on("lychee", "JP", date(2019, 12, 14)) is None


def test_a_gate_holds_from_its_first_to_its_last_day() -> None:
    before = CATALOGUE.gate_on("banana", "CN", date(2022, 10, 31))
    after = CATALOGUE.gate_on("banana", "CN", date(2022, 11, 1))
    assert before is not None
    assert before.until == date(2022, 10, 31)
    assert after is not None
    assert after.from_ == date(2022, 11, 1)


def test_the_gates_of_a_crop_to_a_market_come_in_order_of_time() -> None:
    starts = [gate.from_ for gate in CATALOGUE.gates("watermelon", "CN")]
    assert starts == [date(2018, 5, 1), date(2023, 12, 15)]


def test_a_gate_that_names_the_crop_outranks_one_for_its_kind() -> None:
    closed = gate(crops=["lychee"], kinds=None, market="VN", status="closed")
    catalogue = type(CATALOGUE)(
        CATALOGUE.crops,
        CATALOGUE.certificates,
        CATALOGUE.markets,
        (*CATALOGUE.all_gates, closed),
        CATALOGUE.tariff,
        CATALOGUE.contract,
    )
    assert catalogue.gate_on("lychee", "VN", CONFERENCE) is closed
    assert catalogue.gate_on("longan", "VN", CONFERENCE) is CATALOGUE.gate_on("longan", "VN", CONFERENCE)


def test_the_gates_of_an_unknown_crop_are_not_found() -> None:
    with pytest.raises(NotFound):
        CATALOGUE.gates("durian", "CN")


@given(days, days, days, days)
def test_two_gates_overlap_just_when_a_day_lies_in_both(a: date, b: date, c: date, d: date) -> None:
    first = gate(**{"from": min(a, b), "until": max(a, b)})
    second = gate(**{"from": min(c, d), "until": max(c, d)})
    shared = max(first.from_, second.from_) <= min(max(a, b), max(c, d))
    assert list(overlaps_among([first, second])) == ([(1, 0)] if shared else [])


def gate(**changes: object) -> Gate:
    plain = {
        "crops": ["lychee"],
        "market": "CN",
        "status": "negotiating",
        "from": CONFERENCE,
        "source": "test",
    }
    return Gate.model_validate({**plain, **changes})

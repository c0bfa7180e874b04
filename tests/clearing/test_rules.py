"""Every rule, against plain Python."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.clearing import RULES, Terms, blocking, value
from matcher.clearing.pairs import Book, Pairs
from tests.clearing.scalar import TERMS, TODAY, Certificate, Demand, Lot, Pair, tables
from tests.clearing.strategies import any_demand, any_lot

some_terms = st.builds(
    Terms,
    today=st.just(TODAY),
    loading_hours=st.sampled_from([0, 3, 20]),
    departure_hour=st.sampled_from([0, 5, 24]),
    speed_km_per_hour=st.sampled_from([1, 40]),
    road_factor_percent=st.sampled_from([100, 137]),
    fixed_dong_per_kg=st.sampled_from([0, 100]),
    dong_per_tonne_km=st.sampled_from([0, 2_999]),
    freshness_penalty_percent=st.sampled_from([0, 33]),
    max_distance=st.sampled_from([-1, 500_000]),
    seller_share_percent=st.just(50),
)


def one_pair(lot: Lot, demand: Demand, terms: Terms = TERMS, declined: bool = False) -> Pairs:
    codes = np.array([[0, 0]] if declined else [], np.int64).reshape(-1, 2)
    return Pairs(Book(*tables([lot], [demand]), terms, codes), np.array([0]), np.array([0]))


@given(any_lot(), any_demand(), some_terms, st.booleans())
def test_a_pair_keeps_just_the_rules_that_plain_python_says(
    lot: Lot, demand: Demand, terms: Terms, declined: bool
) -> None:
    pairs = one_pair(lot, demand, terms, declined)
    broken = [code for code, rule in RULES.items() if not rule(pairs)[0]]
    assert broken == Pair(lot, demand, terms, declined).broken()


@given(any_lot(), any_demand(), some_terms)
def test_days_distance_and_money_of_a_pair_are_those_of_plain_python(
    lot: Lot, demand: Demand, terms: Terms
) -> None:
    pairs, pair = one_pair(lot, demand, terms), Pair(lot, demand, terms)
    names = ("road", "leave_day", "delivery_day", "age", "transport", "penalty", "value")
    assert {name: getattr(pairs, name)[0] for name in names} == {name: getattr(pair, name) for name in names}


@given(any_lot(), any_demand(), st.booleans())
def test_the_blocking_rule_is_the_first_broken_one(lot: Lot, demand: Demand, declined: bool) -> None:
    none = np.array([0])
    found = blocking(*tables([lot], [demand]), TERMS, (none, none), [(0, 0)] if declined else ())
    assert list(found) == (Pair(lot, demand, TERMS, declined).broken() or [""])[:1]


CERTIFIED = Lot(certificates=(Certificate(1, TODAY - 9, TODAY + 4),))


@pytest.mark.parametrize(
    ("code", "lot", "demand"),
    [
        ("crop", Lot(crop=1), Demand()),
        ("variety", Lot(), Demand(varieties=frozenset({1}))),
        ("variety", Lot(variety=2), Demand(varieties=frozenset({1, 3}))),
        ("grade", Lot(grade=1), Demand(min_grade=2)),
        ("certificate", Lot(), Demand(certificates_required=frozenset({1}))),
        # valid when posted and when leaving, but no longer on the day of delivery
        ("certificate", CERTIFIED, Demand(deliver_from=TODAY + 5, certificates_required=frozenset({1}))),
        ("ocop", Lot(ocop_stars=3), Demand(min_ocop_stars=4)),
        ("gate", Lot(), Demand(gate_until=TODAY - 1)),
        ("gate", Lot(), Demand(gate_growing_area=True)),
        ("gate", Lot(growing_area=True), Demand(gate_growing_area=True, gate_certificates=frozenset({1}))),
        ("window", Lot(harvest_from=TODAY + 2), Demand(deliver_until=TODAY + 1)),
        ("freshness", Lot(shelf_life=2, harvest_until=TODAY), Demand(deliver_from=TODAY + 3)),
        ("freshness", Lot(shelf_life=4), Demand(min_shelf_life=5)),
        ("distance", Lot(), Demand(max_distance=100_000)),
        ("price", Lot(ask=19_800), Demand()),
        ("party", Lot(party=2), Demand()),
    ],
)
def test_each_rule_blocks_by_its_code(code: str, lot: Lot, demand: Demand) -> None:
    assert Pair(lot, demand).broken() == [code]
    assert [name for name, rule in RULES.items() if not rule(one_pair(lot, demand))[0]] == [code]


def test_a_certificate_that_is_valid_on_the_day_of_delivery_will_do() -> None:
    demand = Demand(deliver_from=TODAY + 4, certificates_required=frozenset({1}))
    assert RULES["certificate"](one_pair(CERTIFIED, demand))[0]
    assert not RULES["certificate"](one_pair(CERTIFIED, replace(demand, deliver_from=TODAY + 5)))[0]


def test_a_lot_never_leaves_before_its_harvest() -> None:
    pairs = one_pair(Lot(harvest_from=TODAY + 2, harvest_until=TODAY + 2), Demand(deliver_from=TODAY - 4))
    assert pairs.leave_day[0] == TODAY + 2


def test_parts_of_a_dong_are_rounded_as_in_the_worked_example_of_the_docs() -> None:
    bid, ask = np.array([29_995]), np.array([20_101])
    transport = value.transport(np.array([40_167]), 500, 3_000)
    penalty = value.penalty(bid, np.array([1]), np.array([7]), 10)
    assert (transport.tolist(), penalty.tolist()) == ([621], [429])
    assert (bid - ask - transport - penalty).tolist() == [8_844]
    assert value.price(ask, bid, transport, 50).tolist() == [24_737]

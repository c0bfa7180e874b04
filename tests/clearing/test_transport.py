"""The exact solver, against linear programming and against checks of its own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.clearing import BadInput, NotOptimal, Overflow, transport
from matcher.clearing.certificate import Allocation
from matcher.clearing.solver import fallback
from tests.clearing.instances import Instance, assert_proven, best_gain, instances, random_instance


@settings(max_examples=1500)
@given(instances())
def test_small_instances_reach_the_optimum_and_their_prices_prove_it(instance: Instance) -> None:
    allocation = instance.solve()
    assert int((allocation.taken * instance.gain).sum()) == best_gain(instance)
    assert_proven(instance, allocation)


@pytest.mark.parametrize(
    ("lots", "demands", "arcs"),
    [(300, 300, 6_000), (2_000, 500, 20_000), (40, 40, 1_600), (5_000, 5_000, 4_000)],
)
def test_random_instances_reach_the_optimum(lots: int, demands: int, arcs: int) -> None:
    instance = random_instance(lots, demands, arcs, seed=lots)
    allocation = instance.solve()
    assert int((allocation.taken * instance.gain).sum()) == best_gain(instance)
    assert_proven(instance, allocation)


@given(instances(), st.data())
def test_an_arc_that_does_not_gain_is_never_used(instance: Instance, data: st.DataObject) -> None:
    assert not instance.solve().taken[instance.gain <= 0].any()


@given(instances(most=4), st.data())
def test_any_wrong_taken_quantity_is_caught(instance: Instance, data: st.DataObject) -> None:
    allocation = instance.solve()
    if not len(instance.gain):
        return
    arc = data.draw(st.integers(0, len(instance.gain) - 1))
    taken = allocation.taken.copy()
    taken[arc] += data.draw(st.sampled_from([-1, 1, 1 << 61]))
    wrong = Allocation(taken, allocation.lot_price, allocation.demand_price)
    if instance.gain[arc] != 0:
        with pytest.raises(NotOptimal):
            instance.check(wrong)


@given(instances(most=4), st.sampled_from(["lot_price", "demand_price"]), st.data())
def test_any_price_that_proves_another_value_is_caught(
    instance: Instance, side: str, data: st.DataObject
) -> None:
    """A price of an order with capacity can only move together with others: alone it proves another total."""
    allocation = instance.solve()
    capacity = instance.supply if side == "lot_price" else instance.demand
    priced = np.flatnonzero(capacity)
    if not len(priced):
        return
    prices = getattr(allocation, side).copy()
    prices[data.draw(st.sampled_from(priced.tolist()))] += data.draw(st.sampled_from([-1, 1, 1 << 61]))
    with pytest.raises(NotOptimal):
        instance.check(replace(allocation, **{side: prices}))


def test_nothing_is_taken_where_there_is_nothing() -> None:
    none, nowhere = np.empty(0, np.int64), np.empty(0, np.int32)
    assert len(transport.solve(none, none, nowhere, nowhere, none).taken) == 0
    one_sided = transport.solve(np.array([5]), none, nowhere, nowhere, none)
    assert one_sided.lot_price.tolist() == [0]


def test_an_order_without_capacity_is_priced_at_what_it_could_gain() -> None:
    instance = Instance(
        np.array([0, 5]), np.array([5]), np.array([0, 1], np.int32), np.zeros(2, np.int32), np.array([9, 7])
    )
    allocation = instance.solve()
    assert allocation.taken.tolist() == [0, 5]
    assert_proven(instance, allocation)


def test_figures_just_inside_the_limits_are_solved_exactly() -> None:
    most = (1 << 58) - 1
    instance = Instance(
        np.array([1 << 60, 3]),
        np.array([1 << 59, 1 << 59]),
        np.array([0, 0, 1], np.int32),
        np.array([0, 1, 0], np.int32),
        np.array([most, most - 1, most]),
    )
    assert_proven(instance, instance.solve())


@pytest.mark.parametrize(
    "change",
    [
        {"gain": np.array([1 << 58, 1])},
        {"gain": np.array([1, -(1 << 58)])},
        {"gain": np.array([np.iinfo(np.int64).min, 1])},
        {"supply": np.array([1 << 61, 1 << 61])},
        {"demand": np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).max])},
    ],
)
def test_figures_beyond_the_limits_are_refused(change: dict[str, Any]) -> None:
    plain = Instance(
        np.ones(2, np.int64), np.ones(2, np.int64), np.arange(2, dtype=np.int32),
        np.arange(2, dtype=np.int32), np.ones(2, np.int64),
    )  # fmt: skip
    with pytest.raises(Overflow, match="2\\^"):
        replace(plain, **change).solve()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lot": np.array([0, 2], np.int32)}, "lot names a place outside 0 to 1"),
        ({"buyer": np.array([-1, 0], np.int32)}, "buyer names a place outside 0 to 1"),
        ({"supply": np.array([1, -1])}, "supply is negative at 1"),
        ({"gain": np.ones(3, np.int64)}, "3 gains do not make arcs"),
        ({"gain": np.ones(2)}, "gain is float64"),
        ({"lot": np.zeros((2, 1), np.int32)}, "2 dimensions"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    plain = Instance(
        np.ones(2, np.int64), np.ones(2, np.int64), np.arange(2, dtype=np.int32),
        np.arange(2, dtype=np.int32), np.ones(2, np.int64),
    )  # fmt: skip
    with pytest.raises(BadInput, match=message):
        replace(plain, **change).solve()


@settings(max_examples=200)
@given(instances())
def test_the_fallback_reaches_the_same_optimum(instance: Instance) -> None:
    allocation = fallback.solve(instance.supply, instance.demand, instance.lot, instance.buyer, instance.gain)
    assert int((allocation.taken * instance.gain).sum()) == best_gain(instance)
    assert_proven(instance, allocation)


def test_an_answer_that_fails_its_check_is_replaced_by_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(30, 30, 200, seed=1)
    nothing = Allocation(np.zeros(200, np.int64), np.zeros(30, np.int64), np.zeros(30, np.int64))
    monkeypatch.setattr(transport, "_by_simplex", lambda *_: nothing)
    allocation = instance.solve()
    assert allocation.taken.any()
    assert_proven(instance, allocation)


def test_an_answer_that_nobody_can_prove_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(30, 30, 200, seed=1)
    nothing = Allocation(np.zeros(200, np.int64), np.zeros(30, np.int64), np.zeros(30, np.int64))
    monkeypatch.setattr(transport, "_by_simplex", lambda *_: nothing)
    monkeypatch.setattr(fallback, "solve", lambda *_: nothing)
    with pytest.raises(NotOptimal):
        instance.solve()

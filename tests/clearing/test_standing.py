"""A book kept standing is at every moment worth what clearing it anew would find, and keeps every term."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clearing.books import book, with_terms
from matcher.clearing import Lots, NotOptimal, clear, ties
from matcher.clearing.standing import keeping
from matcher.clearing.standing.change import ALL_OF_IT, Settled
from matcher.clearing.standing.standing import Standing
from matcher.trading.record.subset import subset
from tests.clearing.present import Present
from tests.clearing.scalar import TERMS, Demand, Lot, tables
from tests.clearing.strategies import any_demand, any_lot, plain_demand, plain_lot
from tests.clearing.test_terms import demands_with_terms, lots_with_terms

lots = st.one_of(plain_lot(), any_lot(), lots_with_terms()).filter(lambda lot: lot.quantity > 0)
demands = st.one_of(plain_demand(), any_demand(), demands_with_terms()).filter(
    lambda demand: demand.quantity > 0
)
WHAT = ("post", "amend", "withdraw", "take", "decline")
steps = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 99), lots, demands), min_size=1, max_size=8)
lots_without_terms = st.one_of(plain_lot(), any_lot()).filter(lambda lot: lot.quantity > 0)
demands_without_terms = st.one_of(plain_demand(), any_demand()).filter(lambda demand: demand.quantity > 0)
steps_without_terms = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 99), lots_without_terms, demands_without_terms),
    min_size=1,
    max_size=8,
)


def step(present: Present, number: int, what: str, which: int, lot: Lot, demand: Demand) -> Settled | None:
    """Makes one change of the kind; posts where there is nothing to change."""
    keys, wanted = sorted(present.lots), sorted(present.demands)
    pairs = sorted(present.matches)
    if what == "withdraw" and keys:
        return present.withdraw([keys[which % len(keys)]], [wanted[which % len(wanted)]] if wanted else [])
    if what == "amend" and keys:
        return present.post(lots=tables([replace(lot, key=keys[which % len(keys)])], [])[0])
    if what == "take" and pairs:
        return present.take(pairs[which % len(pairs)])
    if what == "decline" and pairs:
        return present.decline(pairs[which % len(pairs)])
    new = tables([replace(lot, key=1000 + number)], [replace(demand, key=1000 + number)])
    return present.post(new[0], new[1] if which % 2 else None)


@pytest.fixture(autouse=True, scope="module")
def _never_too_far_from_the_best() -> Iterator[None]:
    """Books so small would soon be cleared anew for what a single term costs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "DRIFT", 1)
        yield


def small_book(lots: list[Lot], demands: list[Demand], effort: int = ALL_OF_IT) -> Present:
    begun = tables(
        [replace(lot, key=key) for key, lot in enumerate(lots)],
        [replace(demand, key=key) for key, demand in enumerate(demands)],
    )
    return Present(*begun, TERMS, effort)


@settings(max_examples=120)
@given(st.lists(lots, min_size=3, max_size=6), st.lists(demands, min_size=3, max_size=6), steps)
def test_after_every_change_a_small_book_is_worth_what_clearing_it_anew_finds(
    lots: list[Lot], demands: list[Demand], steps: list[tuple[str, int, Lot, Demand]]
) -> None:
    present = small_book(lots, demands)
    for number, each in enumerate(steps):
        settled = step(present, number, *each)
        present.verify()
        if settled is not None:
            anew = present.clear()
            assert settled.relaxation == anew.relaxation
            assert settled.welfare <= anew.upper_bound
            assert settled.optimal == (settled.welfare == settled.upper_bound)


@given(
    st.lists(lots_without_terms, min_size=3, max_size=6),
    st.lists(demands_without_terms, min_size=3, max_size=6),
    steps_without_terms,
)
def test_where_no_order_has_a_minimum_term_the_matches_are_the_best_after_every_change(
    lots: list[Lot], demands: list[Demand], steps: list[tuple[str, int, Lot, Demand]]
) -> None:
    present = small_book(lots, demands)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "NEIGHBOURHOODS", 0)  # there is nothing to search for
        for number, each in enumerate(steps):
            settled = step(present, number, *each)
            assert settled is None or settled.welfare == settled.relaxation


@settings(max_examples=50)
@given(
    st.lists(lots, min_size=3, max_size=6),
    st.lists(demands, min_size=3, max_size=6),
    steps,
    st.integers(0, 60),
)
def test_where_work_is_put_off_terms_and_bound_hold_and_going_on_finds_the_best(
    lots: list[Lot], demands: list[Demand], steps: list[tuple[str, int, Lot, Demand]], effort: int
) -> None:
    present = small_book(lots, demands, effort)
    settled: Settled | None = None
    for number, each in enumerate(steps):
        settled = step(present, number, *each)
        present.verify()
        if settled is not None:
            assert settled.welfare <= present.clear().relaxation <= settled.upper_bound
    present.effort = ALL_OF_IT
    while settled is not None and settled.put_off:
        settled = present.go_on()
        present.verify()
    if settled is not None:
        assert settled.relaxation == present.clear().relaxation


def test_an_order_whose_work_is_put_off_is_placed_meanwhile_at_the_cost_of_who_is_worth_less() -> None:
    lots, demands, terms = book("scarce supply", 301, seed=5)
    present = Present(subset(lots, range(300)), subset(demands, range(300)), terms, effort=0)
    before = sum(present.matches.values())
    new = replace(subset(demands, [300]), bid=np.array([34_000]))
    settled = present.post(demands=new)
    assert settled is not None
    assert settled.put_off
    present.verify()
    wanted = int(new.quantity[0])
    assert sum(g for (_, demand), g in present.matches.items() if demand == int(new.key[0])) == wanted
    assert before <= sum(present.matches.values()) < before + wanted
    assert settled.welfare > present.standing.clearing.welfare


def test_a_large_change_is_put_off_and_gone_on_with_until_nothing_is_owed() -> None:
    lots, demands, terms = book("scarce supply", 301, seed=5)
    present = Present(subset(lots, range(300)), subset(demands, range(300)), terms, effort=500)
    settled = present.post(demands=replace(subset(demands, [300]), bid=np.array([34_000])))
    assert settled is not None
    assert settled.put_off
    assert "cut short" in settled.method
    rounds = 0
    while settled is not None and settled.put_off:
        settled, rounds = present.go_on(), rounds + 1
        present.verify()
    assert rounds > 1
    assert settled is not None
    assert settled.optimal
    assert settled.welfare == present.clear().welfare


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("family", ["scarce supply", "distance-dominated"])
def test_a_larger_book_stays_best_through_arrivals_withdrawals_and_takes(family: str, share: float) -> None:
    lots, demands, terms = book(family, 300, seed=11)
    lots, demands = with_terms(lots, demands, share, seed=11)
    present = Present(subset(lots, range(240)), subset(demands, range(240)), terms)
    random = np.random.default_rng(11)
    for number in range(60):
        pairs, keys = sorted(present.matches), sorted(present.lots)
        if number % 2:
            settled = present.take(pairs[int(random.integers(len(pairs)))])
        elif number % 4:
            settled = present.withdraw([keys[int(random.integers(len(keys)))]], [])
        else:
            settled = present.post(subset(lots, [240 + number]), subset(demands, [240 + number]))
        assert settled is not None
        if number % 10 == 9:
            present.verify()
            anew = present.clear()
            assert settled.relaxation == anew.relaxation
            assert settled.welfare >= 0.985 * anew.welfare
            assert share or settled.welfare == settled.relaxation
    assert len(present.matches) > 100


def arrivals(present: Present, lots: Lots, places: range) -> list[Settled | None]:
    return [present.post(lots=subset(lots, [place])) for place in places]


def test_the_same_changes_give_the_same_answers() -> None:
    lots, demands, terms = book("clustered places", 150, seed=3)
    lots, demands = with_terms(lots, demands, 0.3, seed=3)
    answers = []
    for _ in range(2):
        present = Present(subset(lots, range(100)), demands, terms)
        answers.append([str(settled) for settled in arrivals(present, lots, range(100, 150))])
    assert answers[0] == answers[1]


def test_a_standing_book_begins_with_the_clearing_of_the_whole_book() -> None:
    lots, demands, terms = book("scarce demand", 200, seed=1)
    begun, cleared = Standing(lots, demands, terms).clearing, clear(lots, demands, terms)
    assert str(begun) == str(cleared)
    assert begun.welfare == cleared.welfare


def test_when_the_room_for_later_orders_is_used_up_the_whole_book_is_to_be_cleared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ties, "ROOM", 5)
    lots, demands, terms = book("scarce supply", 60, seed=2)
    present = Present(subset(lots, range(50)), demands, terms)
    assert [settled is None for settled in arrivals(present, lots, range(50, 57))] == [False] * 5 + [
        True,
        False,
    ]
    present.verify()


def test_a_bid_beyond_what_the_figures_have_bits_for_has_the_whole_book_cleared() -> None:
    present = Present(*tables([Lot(key=1), Lot(key=2)], [Demand(key=1), Demand(key=2)]), TERMS)
    assert present.post(demands=tables([], [Demand(key=3, bid=10**9)])[1]) is None
    assert (1, 3) in present.matches or (2, 3) in present.matches


def test_a_standing_book_that_has_gone_wrong_is_found_out() -> None:
    lots, demands, terms = book("scarce supply", 60, seed=4)
    present = Present(lots, demands, terms)
    sold = present.standing.clearing.lot[0]
    present.standing._relaxation.ways._tree.potential[sold] += 1 << 40
    with pytest.raises(NotOptimal):
        present.standing.check()


def test_later_orders_of_the_same_price_wait_behind_earlier_ones() -> None:
    present = Present(*tables([Lot(key=1), Lot(key=2, posted=1)], [Demand(key=9, quantity=10)]), TERMS)
    assert present.matches == {(1, 9): 10}
    assert present.post(lots=tables([Lot(key=3, posted=2)], [])[0]) is not None
    assert present.matches == {(1, 9): 10}
    assert present.withdraw([1], []) is not None
    assert present.matches == {(2, 9): 10}

"""What no minimum term binds is at its best, so that a price that was tried trades when it is asked."""

from dataclasses import replace

import numpy as np

from bench.clearing.books import book, with_terms
from matcher.clearing.pairs import Book
from matcher.clearing.trial import Trial
from matcher.trading.explain.outbid import least_that
from matcher.trading.record.subset import subset
from tests.clearing.present import Present


def test_a_price_that_was_tried_trades_in_a_standing_book_with_minimum_terms_too() -> None:
    lots, demands, terms = book("scarce supply", 200, seed=2)
    lots, demands = with_terms(lots, demands, 0.1, 2)
    present = Present(subset(lots, range(180)), subset(demands, range(180)), terms)
    for number in range(180, 200):
        assert present.post(lots=subset(lots, [number]), demands=subset(demands, [number])) is not None
    kept = 0
    for key in sorted(set(present.lots) - {lot for lot, _ in present.matches})[:12]:
        change = tried(present, key)
        if change is not None:
            present.post(lots=replace(present.lots[key], ask=present.lots[key].ask - change))
            present.verify()
            assert any(lot == key for lot, _ in present.matches)
            kept += 1
    assert kept > 3


def tried(present: Present, key: int) -> int | None:
    """By how much the ask of a lot without terms of its own is to be cut."""
    tables = present.tables()
    places = [{key: place for place, key in enumerate(table.key.tolist())} for table in tables]
    matches = [(places[0][lot], places[1][demand], grams) for (lot, demand), grams in present.matches.items()]
    lot, demand, quantity = np.array(matches, np.int64).T
    trial = Trial(
        Book(*tables, present.terms, np.zeros((0, 2), np.int64)),
        (lot, demand, quantity),
        True,
        places[0][key],
    )
    if trial.has_terms():
        return None
    ask = int(present.lots[key].ask[0])
    return least_that(lambda cut: trial.taken(ask - cut) > 0, 1, ask)


def test_a_standing_book_with_minimum_terms_stays_about_as_good_as_one_cleared_anew() -> None:
    lots, demands, terms = book("clustered places", 220, seed=3)
    lots, demands = with_terms(lots, demands, 0.2, 3)
    present = Present(subset(lots, range(180)), subset(demands, range(180)), terms)
    for number in range(180, 219):
        present.post(lots=subset(lots, [number]), demands=subset(demands, [number]))
        present.withdraw([sorted(present.lots)[number - 180]], [])
    settled = present.post(lots=subset(lots, [219]))
    present.verify()
    assert settled is not None
    assert settled.welfare > 0.998 * present.clear().welfare

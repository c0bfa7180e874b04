"""Partners were possible, but others were worth more: the change of price that would trade."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import Demands, Lots
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.terms.minimum import has_terms, without_terms
from matcher.clearing.trial import Trial
from matcher.clearing.value import penalty
from matcher.fields import MOST_DONG
from matcher.trading.explain.change import Change, Side, price_change
from matcher.trading.explain.cheapest import Tried, cheapest
from matcher.trading.record.record import Arrays, Input

Longs = NDArray[np.int64]

# A book with minimum terms is cleared anew for each price tried, which takes from some ms to a second. Larger
# ones stand solved, and are cleared anew only for orders with terms of their own. The tries are counted and
# not timed, so that the answer is the same on a busy machine.
SMALL = 40_000  # pairs
MOST_TRIES, FEWEST_TRIES, TRIED_PAIRS = 80, 8, 24_000  # the pairs of all tries together, between these two
GUESSES = 40  # by a clearing cut short, which takes from 4 to some 50 ms
ROUNDS = 12  # a higher bid costs more freshness too, of which each round leaves a part
MOST_PAIRS = 250_000  # of a book in which prices are tried at all; a larger one would take seconds for each


@dataclass(frozen=True)
class Outbid:
    """`change` is None where no price would do; `minimum`: one would, if nobody had minimum terms."""

    change: Change | None
    minimum: bool = False


def outbid(given: Input, result: Arrays, side: Side, place: int, near: Pairs | None) -> Outbid:
    """The cut of the lot's ask, or rise of the demand's bid, in đ/kg, with which it trades more.

    It is tried. In a book without minimum terms it is the least: with that price all is made best again. A
    book with such terms is cleared anew for each price, where it is not too large, and the change is the
    least or nearly so; its words say where one đ less was not tried. `near` are its pairs that no rule keeps
    apart, or the price alone. Nothing is tried where the order has nothing left or no possible partner
    (None), nor in books above MOST_PAIRS.
    """
    if not near:
        return Outbid(None)
    asked = _Asked(given, result, side, place, near)
    if not asked.left or asked.size > MOST_PAIRS:
        return Outbid(None)
    tried = asked.tried()
    if tried is None:
        return Outbid(None, asked.trades_without_terms())
    return Outbid(_in_words(side, asked.now, asked.with_change(tried.change), tried.tight))


@dataclass(frozen=True)
class _Asked:
    """An order of a cleared book, at `place` of its side's arrays, that is to trade more by its price.

    `near` are its pairs that no rule keeps apart, or the price alone.
    """

    given: Input
    result: Arrays
    side: Side
    place: int
    near: Pairs

    @cached_property
    def orders(self) -> Lots | Demands:
        return self.given.lots if self.side == "lot" else self.given.demands

    @property
    def size(self) -> int:
        return len(self.given.lots) * len(self.given.demands)

    @cached_property
    def taken(self) -> int:
        return int(self.result["quantity"][self.result[self.side] == self.place].sum())

    @property
    def left(self) -> int:
        return int(self.orders.quantity[self.place]) - self.taken

    @property
    def now(self) -> int:
        prices = self.given.lots.ask if self.side == "lot" else self.given.demands.bid
        return int(prices[self.place])

    @cached_property
    def other(self) -> Longs:
        """The dual price of each pair's partner."""
        if self.side == "lot":
            return self.result["demand_price"][self.near.demand]
        return self.result["lot_price"][self.near.lot]

    @cached_property
    def least(self) -> int:
        """The least change of price that could do without terms.

        Complementary slackness: after a smaller one the same prices prove the same matches.
        """
        return max(1, int(np.min(self.other - self.near.value)))

    @property
    def most(self) -> int:
        """The largest change of price tried: to an ask of nothing, or a bid of twice what anyone bids."""
        if self.side == "lot":
            return self.now
        twice = 2 * int(self.given.demands.bid.max())
        return min(max(twice - self.now, self.least), MOST_DONG - self.now)

    @cached_property
    def book(self) -> Book:
        given = self.given
        return Book(given.lots, given.demands, given.terms, given.declined.astype(np.int64))

    @cached_property
    def has_terms(self) -> bool:
        """Whether any order of the book has a minimum term."""
        return has_terms(self.given.lots, self.given.demands)

    def trial(self, book: Book) -> Trial:
        matches = self.result["lot"], self.result["demand"], self.result["quantity"]
        return Trial(book, matches, self.side == "lot", self.place)

    def with_change(self, change: int) -> int:
        return self.now - change if self.side == "lot" else self.now + change

    def tried(self) -> Tried | None:
        """The least change found to do; None where none does."""
        trial = self.trial(self.book)
        if self.has_terms and (self.size <= SMALL or trial.has_terms()):
            guess = cheapest(
                self.trades_more(trial.taken_quickly), self.least, self.most, GUESSES, self.likely
            )
            first = self.least if guess is None else guess.change
            return cheapest(self.trades_more(trial.taken_anew), first, self.most, self.tries, self.likely)
        change = least_that(self.trades_more(trial.taken), self.least, self.most)
        return None if change is None else Tried(change, tight=not self.has_terms)

    @property
    def tries(self) -> int:
        return min(MOST_TRIES, max(FEWEST_TRIES, TRIED_PAIRS // self.size))

    @cached_property
    def likely(self) -> set[int]:
        """The changes with which one of the pairs just pays, or just takes a place at the partner's price."""
        changes = [self._just(worth).tolist() for worth in (np.zeros_like(self.other), self.other)]
        return {change + beside for change in chain(*changes) for beside in (-1, 0, 1)}

    def _just(self, worth: Longs) -> Longs:
        """The least change with which each of the pairs is worth so much."""
        near = self.near
        change: Longs = np.maximum(worth - near.value, 0)
        if self.side == "lot":
            return change
        lots, terms = self.given.lots, self.given.terms
        costs, life = lots.ask[near.lot] + near.transport, lots.shelf_life[near.lot].astype(np.int64)
        for _ in range(ROUNDS):
            bid = self.now + change
            value = bid - costs - penalty(bid, near.age, life, terms.freshness_penalty_percent)
            change += np.maximum(worth - value, 0)
        return change

    def trades_more(self, taken: Callable[[int], int]) -> Callable[[int], bool]:
        """Whether with a change of price it takes more than it has, as `taken` tells it of a price."""
        return lambda change: taken(self.with_change(change)) > self.taken

    def trades_without_terms(self) -> bool:
        """Whether with its best price it would trade more if no order had a minimum term."""
        if not self.has_terms:
            return False
        trial = self.trial(without_terms(self.book))
        return self.trades_more(trial.taken_anew)(self.most)


def _in_words(side: Side, now: int, needed: int, tight: bool) -> Change:
    change = price_change(side, now, needed)
    if tight:
        return change
    return replace(change, vi=f"{change.vi} (ít hơn có thể cũng đủ)", en=f"{change.en} (less may do)")


def least_that(holds: Callable[[int], bool], least: int, most: int) -> int | None:
    """The least whole number from `least` to `most` for which `holds`, which stays true once it is."""
    high, step = least, 1
    while high <= most and not holds(high):
        least, high, step = high + 1, high + step, step * 2
    if high > most:
        if least > most or not holds(most):
            return None
        high = most
    while least < high:
        middle = (least + high) // 2
        least, high = (least, middle) if holds(middle) else (middle + 1, high)
    return high

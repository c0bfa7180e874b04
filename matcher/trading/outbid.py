"""Partners were possible, but others were worth more: the least change of price that would trade."""

from collections.abc import Callable

import numpy as np

from matcher.clearing import Demands, Lots
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.trial import Trial
from matcher.trading.change import Change, Side, price_change
from matcher.trading.record import Arrays, Input

MOST_PAIRS = 250_000  # of a book that is cleared again to try a price; a larger one would take seconds


def outbid(given: Input, result: Arrays, side: Side, place: int, possible: Pairs) -> Change | None:
    """The least cut of the lot's ask, or rise of the demand's bid, in đ/kg, with which it trades more.

    It is tried: with that price all that no minimum term binds is made best again, from the matches as they
    are; for an order with such terms of its own the book is cleared anew. None where the order has nothing
    left or no possible partner, where no price would do, and for books above MOST_PAIRS.
    """
    orders: Lots | Demands = given.lots if side == "lot" else given.demands
    left = int(orders.quantity[place] - _taken(result, side, place))
    if not left or not len(possible) or len(given.lots) * len(given.demands) > MOST_PAIRS:
        return None
    now = int((given.lots.ask if side == "lot" else given.demands.bid)[place])
    other = result["demand_price"][possible.demand] if side == "lot" else result["lot_price"][possible.lot]
    # Complementary slackness: with a smaller change the same prices still prove the same matches.
    least = max(1, int(np.min(other - possible.value)))
    most = now if side == "lot" else int(given.demands.bid.max()) * 2 + least
    sign = -1 if side == "lot" else 1
    book = Book(given.lots, given.demands, given.terms, given.declined.astype(np.int64))
    trial = Trial(book, (result["lot"], result["demand"], result["quantity"]), side == "lot", place)

    def trades(change: int) -> bool:
        return trial.taken(now + sign * change) > _taken(result, side, place)

    change = least_that(trades, least, most)
    return None if change is None else price_change(side, now, now + sign * change)


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


def _taken(result: Arrays, side: str, place: int) -> int:
    return int(result["quantity"][result[side] == place].sum())

"""A book kept solved while it changes: what an arrival costs follows the change, not the book."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.clearing.arrays import Demands, Lots, Terms, declined_pairs
from matcher.clearing.find import solved
from matcher.clearing.standing.change import Change, Keys, Settled
from matcher.clearing.standing.keeping import Keeping
from matcher.clearing.standing.relaxation import Relaxation
from matcher.clearing.standing.ways import TooMuch

Longs = NDArray[np.int64]
METHOD = "augmenting paths around what changed until no pair could gain; minimum terms by neighbourhoods"
PUT_OFF = "; cut short, to be gone on with"

NOT_SAID = -1


class Standing:
    """`clearing` is that of the whole book it began with, exactly what `clear` gives.

    The same changes to the same book give the same matches, in any process. Unless work is put off, the value
    without minimum terms is what clearing the book as it stands would find, and no pair outside its arcs
    could gain.
    """

    def __init__(self, lots: Lots, demands: Demands, terms: Terms, declined: ArrayLike = ()) -> None:
        begun = solved(lots, demands, terms, declined_pairs(declined, len(lots), len(demands)))
        self.clearing = begun.clearing
        self._relaxation = Relaxation(begun)
        self._keeping = Keeping(begun, self._relaxation)
        self._lots, self._demands = _by_key(begun.book.lots.key), _by_key(begun.book.demands.key)
        keys = (
            begun.book.lots.key[begun.book.declined[:, 0]],
            begun.book.demands.key[begun.book.declined[:, 1]],
        )
        self._declined = set(zip(keys[0].tolist(), keys[1].tolist(), strict=True))
        ways, dong = self._relaxation.ways, begun.ties.dong
        self._priced = {}
        for of_lots, orders, places in ((True, lots, ways.whole(True)), (False, demands, ways.whole(False))):
            self._priced[of_lots] = dong(ways.price(of_lots, np.arange(len(places))))
            self._priced[of_lots][len(orders) :] = NOT_SAID

    def settle(self, change: Change) -> Settled | None:
        """What the change did. None where there is no room for it, or it is too much work: then the book is
        to be cleared as a whole, and this one is of no more use.

        Raises NotOptimal where its own proof fails.
        """
        carried = self._carried(change)
        gone = (
            _leave(self._lots, (*change.gone_lots.tolist(), *change.lots.key.tolist())),
            _leave(self._demands, (*change.gone_demands.tolist(), *change.demands.key.tolist())),
        )
        growing = self._relaxation.growing
        self._lots |= {key: growing.lots.count + n for n, key in enumerate(change.lots.key.tolist())}
        self._demands |= {key: growing.demands.count + n for n, key in enumerate(change.demands.key.tolist())}
        kept = [
            (self._lots[lot], self._demands[demand], taken)
            for (lot, demand), taken in sorted(carried.items())
            if lot in self._lots and demand in self._demands and taken > 0
        ]
        wished = np.array([pair[:2] for pair in kept], np.int64).reshape(-1, 2)
        try:
            self._relaxation.change(
                gone, change.lots, change.demands, self._not_proposed(change), wished, change.effort
            )
            changed, before = self._keeping.follow(kept, change.effort)
        except TooMuch:
            return None
        return self._settled(changed, before)

    def check(self) -> None:
        """Raises NotOptimal or TermBroken unless everything is as it should be; looks at all of it."""
        for of_lots, places in ((True, self._lots), (False, self._demands)):
            self._relaxation.check(of_lots, np.array([*places.values()], np.int64))
        self._keeping.takes.check()

    def _carried(self, change: Change) -> dict[tuple[int, int], int]:
        """What the orders that change take now, less what was taken for good, by their keys."""
        keeping, ways = self._keeping, self._relaxation.ways
        arcs = [
            keeping.takes.used(of_lots, places[key])
            for of_lots, places, keys in (
                (True, self._lots, change.lots.key),
                (False, self._demands, change.demands.key),
            )
            for key in keys.tolist()
            if key in places
        ]
        if not arcs:
            return {}
        every = np.unique(np.concatenate(arcs))
        lot, demand = self._keys(True, ways.lot[every]), self._keys(False, ways.demand[every])
        pairs = zip(lot.tolist(), demand.tolist(), strict=True)
        carried = dict(zip(pairs, keeping.takes.by_arc[every].tolist(), strict=True))
        for lot_key, demand_key, taken in zip(
            change.taken_lot.tolist(), change.taken_demand.tolist(), change.taken.tolist(), strict=True
        ):
            if (lot_key, demand_key) in carried:
                carried[lot_key, demand_key] -= taken
        return carried

    def _not_proposed(self, change: Change) -> list[tuple[int, int]]:
        """The declined pairs of which an order has taken a new place, as places."""
        self._declined |= set(zip(change.declined_lot.tolist(), change.declined_demand.tolist(), strict=True))
        lots, demands = set(change.lots.key.tolist()), set(change.demands.key.tolist())
        return [
            (self._lots[lot], self._demands[demand])
            for lot, demand in sorted(self._declined)
            if (lot in lots or demand in demands) and lot in self._lots and demand in self._demands
        ]

    def _settled(self, changed: Longs, before: Longs) -> Settled:
        relaxation, keeping = self._relaxation, self._keeping
        bound, put_off = relaxation.value + relaxation.owed, relaxation.owed > 0 or len(keeping.doubtful) > 0
        lots, demands = self._priced_anew(True), self._priced_anew(False)
        return Settled(
            **self._matches(changed, before),
            priced_lot=self._keys(True, lots),
            lot_price=self._priced[True][lots],
            priced_demand=self._keys(False, demands),
            demand_price=self._priced[False][demands],
            refused_lots=self._keys(True, np.array(sorted(keeping.refused[True]), np.int64)),
            refused_demands=self._keys(False, np.array(sorted(keeping.refused[False]), np.int64)),
            welfare=keeping.takes.welfare,
            upper_bound=bound,
            relaxation=bound,
            optimal=keeping.takes.welfare == bound,
            method=METHOD + PUT_OFF if put_off else METHOD,
            put_off=put_off,
        )

    def _matches(self, changed: Longs, before: Longs) -> dict[str, NDArray[Any]]:
        """The pairs that take another quantity; a changed order may have taken a new place meanwhile."""
        ways, taken = self._relaxation.ways, self._keeping.takes.by_arc[changed]
        lot, demand = self._keys(True, ways.lot[changed]), self._keys(False, ways.demand[changed])
        were: dict[tuple[int, int], list[int]] = {}
        for pair, old, new in zip(
            zip(lot.tolist(), demand.tolist(), strict=True), before.tolist(), taken.tolist(), strict=True
        ):
            both = were.setdefault(pair, [0, 0])
            both[0] += old
            both[1] += new
        moved = sorted((pair, new) for pair, (old, new) in were.items() if old != new)
        return {
            "lot": np.array([pair[0] for pair, _ in moved], np.uint64),
            "demand": np.array([pair[1] for pair, _ in moved], np.uint64),
            "quantity": np.array([new for _, new in moved], np.int64),
        }

    def _priced_anew(self, of_lots: bool) -> Longs:
        """The orders whose price in đồng is another than was last said."""
        relaxation, priced = self._relaxation, self._priced[of_lots]
        touched = relaxation.moved[of_lots]
        # A place that its order has left may still have a price.
        touched = touched[relaxation.there[of_lots][touched]]
        dong = relaxation.ties.dong(relaxation.ways.price(of_lots, touched))
        moved: Longs = touched[dong != priced[touched]]
        priced[touched] = dong
        return moved

    def _keys(self, of_lots: bool, places: NDArray[np.integer]) -> Keys:
        growing = self._relaxation.growing
        orders = growing.book.lots if of_lots else growing.book.demands
        keys: Keys = orders.key[places]
        return keys


def _leave(places: dict[int, int], keys: Iterable[int]) -> list[int]:
    """Takes these keys out; returns the places of those that were there."""
    return [places.pop(key) for key in keys if key in places]


def _by_key(keys: Keys) -> dict[int, int]:
    return {key: place for place, key in enumerate(keys.tolist())}

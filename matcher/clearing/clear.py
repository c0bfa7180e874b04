"""The door of the clearing: a book in, the best matches out, with their proof."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.clearing.arrays import Demands, Lots, Terms, declined_pairs

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Clearing:
    """k matches in the order of (lot key, demand key), and what is known about them as a whole.

    `lot`, `demand` int32[k] are places in the given arrays; `quantity` g; `value`, `transport`,
    `penalty` and `price` đ/kg, the price at the farm gate; `distance` metres by road; days are ordinals.
    `lot_price` int64[m] and `demand_price` int64[n], đ/kg, prove the value of the relaxation, the same
    book without minimum terms; no order could add more to it by one kg more than its price.
    `welfare` ≤ `upper_bound` ≤ `relaxation` are exact, in đồng·g/kg (thousandths of a đồng): the value
    of the matches, the most that any matches could be shown to reach, the value of the relaxation.
    `optimal`: welfare reaches the bound. `refused_lots` and `refused_demands` int32 trade in the
    relaxation but not here, because of a minimum term, their own or another's. `method` says in words how
    the matches were found: where not all `pairs` of the book were `candidates`, the search for more went
    on, for `rounds`, until the prices proved that none outside could gain.
    """

    lot: NDArray[np.int32]
    demand: NDArray[np.int32]
    quantity: Longs
    value: Longs
    transport: Longs
    penalty: Longs
    price: Longs
    distance: Longs
    pick_day: NDArray[np.int32]
    leave_day: NDArray[np.int32]
    delivery_day: NDArray[np.int32]
    age: NDArray[np.int32]
    lot_price: Longs
    demand_price: Longs
    welfare: int
    upper_bound: int
    relaxation: int
    optimal: bool
    refused_lots: NDArray[np.int32]
    refused_demands: NDArray[np.int32]
    rounds: int
    candidates: int
    pairs: int
    method: str

    def __len__(self) -> int:
        return len(self.lot)


def clear(
    lots: Lots, demands: Demands, terms: Terms, declined: ArrayLike = (), *, quickly: bool = False
) -> Clearing:
    """The matches of greatest total value that keep every rule and every minimum term.

    `declined` int[k, 2] are pairs (lot, demand), places in the arrays, that are not to be matched.
    The same orders give the same matches in whatever order the arrays hold them.
    `quickly` gives good matches instead of the best, for when there is no time: minimum terms are kept by
    repair alone, and in a large book only the nearest partners of each order are looked at. All that is
    said of them stays true, but the relaxation of a large book is then only bounded: `relaxation` and
    `upper_bound` are what the prices prove that nothing exceeds, and `optimal` is hardly ever known.
    Raises BadInput or Overflow on what cannot be cleared, BrokenPromise where a result fails its check.
    """
    # numba and scipy take a second to import: only a process that clears should pay for it.
    from matcher.clearing.find import find  # noqa: PLC0415

    return find(lots, demands, terms, declined_pairs(declined, len(lots), len(demands)), quickly)

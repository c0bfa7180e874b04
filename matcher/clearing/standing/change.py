"""What a standing book is told of a change, and what it answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.arrays import Demands, Lots

Keys = NDArray[np.uint64]
Longs = NDArray[np.int64]
ALL_OF_IT = 1 << 62


@dataclass(frozen=True)
class Change:
    """Everything that happened to a book since it was last settled; orders are named by their keys.

    `lots` and `demands` are new orders, and changed ones as they are now; what `gone_lots` and
    `gone_demands` name is no longer in the book. `taken` g of a lot by a demand were promised for good:
    they leave with their flow, and the quantities of those orders in `lots` and `demands`, or their being
    gone, already say so. `declined_lot` with `declined_demand` are not to be proposed any more: all such
    pairs of which an order is in `lots` or `demands`, those declined long before among them.
    `effort` is the work, in prices moved and arcs looked at, after which the rest is put off.
    """

    lots: Lots
    demands: Demands
    gone_lots: Keys
    gone_demands: Keys
    taken_lot: Keys
    taken_demand: Keys
    taken: Longs
    declined_lot: Keys
    declined_demand: Keys
    effort: int = ALL_OF_IT


@dataclass(frozen=True)
class Settled:
    """What a change did to a standing book; orders are named by their keys.

    The k matches that are new, over (`quantity` 0 g) or of another quantity, in the order of (lot key, demand
    key). `lot_price` and `demand_price`, đ/kg, are the prices that changed, of `priced_lot` and
    `priced_demand`. `welfare`, `upper_bound`, `relaxation` and `optimal` are of the whole book as it stands
    now, as are the keys in `refused_lots` and `refused_demands`; see Clearing. Where some of the work is
    `put_off`, to be gone on with at the next change or without one, the matches keep every quantity and every
    term, and `upper_bound` holds, but they are not yet the best.
    """

    lot: Keys
    demand: Keys
    quantity: Longs
    priced_lot: Keys
    lot_price: Longs
    priced_demand: Keys
    demand_price: Longs
    refused_lots: Keys
    refused_demands: Keys
    welfare: int
    upper_bound: int
    relaxation: int
    optimal: bool
    method: str
    put_off: bool = False

    def __len__(self) -> int:
        return len(self.lot)

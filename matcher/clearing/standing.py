"""A book kept solved while it changes."""

from numpy.typing import ArrayLike

from matcher.clearing.arrays import Demands, Lots, Terms
from matcher.clearing.change import Change, Settled
from matcher.clearing.clear import clear


class Standing:
    """`clearing` is that of the whole book it began with."""

    def __init__(self, lots: Lots, demands: Demands, terms: Terms, declined: ArrayLike = ()) -> None:
        self.clearing = clear(lots, demands, terms, declined)

    def settle(self, _change: Change) -> Settled | None:
        """None: the book is to be cleared as a whole again."""
        return None

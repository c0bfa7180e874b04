"""Which of several best allocations: the one of the earlier postings, then of a hash of the keys.

The solver maximises gain = value · 2^shift + bonus, in one integer per gram. The bonus of a pair is

    bonus = (early(lot) + early(demand) + 1) · 2^low + hash(lot key, demand key)

where early counts the distinct posting times later than the order's own (so earlier is more) and the ROOM
kept for times to come, R is the number of distinct times with that room, 0 ≤ early < R, and
0 ≤ hash < 2^h. The room lets a standing book take later orders in without new figures for the old ones.

**The bonus never costs value.** Two allocations differ by flows that are each uniform along a simple
cycle or a simple path of the bipartite graph (flow decomposition), so it is enough to look at one of
them. Its arcs alternate in sign. Early is a sum of figures of the orders, so along the way it cancels
at every order passed through and only the ends count: at most 2R in absolute value. The hash does not
cancel, but a simple way has at most k + 1 arcs of either sign, k = min(lots, demands) with room: less than
(k + 1) · 2^h ≤ 2^(low − 1). So the bonus along a way is in absolute value below (2R + 1) · 2^low
≤ 2^(shift − 2), while its value, if it is not zero, is at least 2^shift. Value decides first; then,
as the hash stays below half a step of early, the posting times; then the hash.

**The prices in đồng follow.** Every dual price of the solver is such a sum along a way that ends at a
price of zero: an integer times 2^shift and a remainder below 2^(shift − 2) in absolute value. So
rounding to the nearest multiple of 2^shift gives whole-đồng prices p, q for which p + q − value, an
integer, lies above −1 on every arc and is zero where something is taken: a proof for the values alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.errors import Overflow
from matcher.clearing.pairs import Book
from matcher.clearing.solver.network import MOST_GAIN

Longs = NDArray[np.int64]
MOST_HASH_BITS = 20
ROOM = 4096


@dataclass(frozen=True)
class Ties:
    """The bits of a book: `early` of each lot and demand, and how far each part of a gain is shifted.

    In a book so large that bits run short the hash has fewer, or none; then the order of places and keys,
    in which every book is solved, decides what posting times leave open.
    """

    shift: int
    low: int
    hash_bits: int
    lot_early: Longs
    demand_early: Longs
    lot_mark: NDArray[np.uint64]
    demand_mark: NDArray[np.uint64]

    def gain(self, lot: NDArray[np.integer], demand: NDArray[np.integer], value: Longs) -> Longs:
        """The solver's gain per gram of pairs worth `value` đ/kg ≥ 0."""
        early = self.lot_early[lot] + self.demand_early[demand] + 1
        bonus = early << self.low
        if self.hash_bits:
            marks = scatter(self.lot_mark[lot] ^ self.demand_mark[demand])
            bonus += (marks >> np.uint64(64 - self.hash_bits)).astype(np.int64)
        gain: Longs = (value << self.shift) + bonus
        return gain

    def dong(self, price: Longs) -> Longs:
        """Dual prices of the gains as whole đồng per kg."""
        dong: Longs = (price + (1 << (self.shift - 1))) >> self.shift
        return dong


def ties(book: Book) -> Ties:
    """Raises Overflow where values and posting times together need more than 56 bits."""
    lots, demands = book.lots, book.demands
    times, place = np.unique(np.concatenate([lots.posted, demands.posted]), return_inverse=True)
    room = room_of(len(lots), len(demands))
    early = len(times) - 1 - place.astype(np.int64) + room
    best = int(demands.bid.max(initial=0)) - int(lots.ask.min(initial=0)) if len(lots) else 0
    for hash_bits in range(MOST_HASH_BITS, -1, -1):
        low = hash_bits + (min(len(lots), len(demands)) + room + 1).bit_length() + 1 if hash_bits else 0
        shift = low + (2 * (len(times) + room) + 1).bit_length() + 2
        if (max(best, 0) + 1) << shift <= MOST_GAIN >> 2:
            return Ties(
                shift=shift,
                low=low,
                hash_bits=hash_bits,
                lot_early=early[: len(lots)],
                demand_early=early[len(lots) :],
                lot_mark=scatter(lots.key),
                demand_mark=scatter(~demands.key),
            )
    raise Overflow(f"values up to {best} đ/kg and {len(times)} posting times need more than 56 bits")


def room_of(lots: int, demands: int) -> int:
    """How many later posting times, and orders of each side, a book of this size has room for."""
    return min(ROOM, lots + demands)


def scatter(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, 2014), a bijection that scatters 64-bit words."""
    word = word + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))

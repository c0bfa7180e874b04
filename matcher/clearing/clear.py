"""The door of the clearing: a book in, the best matches out, with their proof."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.clearing import candidates, minimum, transport
from matcher.clearing.arrays import Demands, Lots, Terms, declined_pairs
from matcher.clearing.branch import total
from matcher.clearing.candidates import Candidates
from matcher.clearing.network import Network
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.price import price
from matcher.clearing.terms import keep_terms
from matcher.clearing.ties import Ties, ties

Longs = NDArray[np.int64]

_SEARCHED = {
    True: "network simplex over all pairs",
    False: "network simplex over candidates until no pair outside them could gain",
}


@dataclass(frozen=True)
class Clearing:
    """k matches in the order of (lot key, demand key), and what is known about them as a whole.

    `lot`, `demand` int32[k] are places in the given arrays; `quantity` g; `value`, `transport`,
    `penalty` and `price` đ/kg, the price at the farm gate; `distance` metres by road; days are ordinals.
    `lot_price` int64[m] and `demand_price` int64[n], đ/kg, are what one kg more of each order would add
    to the relaxation, the same book without minimum terms; they prove its value.
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


@dataclass(frozen=True)
class _Relaxed:
    """The book without minimum terms, solved: no pair outside `arcs` could gain."""

    arcs: Candidates
    gain: Longs
    network: Network
    rounds: int
    whole: bool


def clear(lots: Lots, demands: Demands, terms: Terms, declined: ArrayLike = ()) -> Clearing:
    """The matches of greatest total value that keep every rule and every minimum term.

    `declined` int[k, 2] are pairs (lot, demand), places in the arrays, that are not to be matched.
    The same orders give the same matches in whatever order the arrays hold them.
    Raises BadInput or Overflow on what cannot be cleared, BrokenPromise where a result fails its check.
    """
    pairs = declined_pairs(declined, len(lots), len(demands))
    sorted_lots, lot_order = lots.sorted()
    sorted_demands, demand_order = demands.sorted()
    places = np.argsort(lot_order)[pairs[:, 0]], np.argsort(demand_order)[pairs[:, 1]]
    book = Book(sorted_lots, sorted_demands, terms, np.stack(places, axis=1))
    rules = ties(book)
    relaxed = _relax(book, rules)
    return _result(book, rules, relaxed, lot_order, demand_order)


def _relax(book: Book, rules: Ties) -> _Relaxed:
    """Solve, and ask the prices which pairs are missing, until none is."""
    size = len(book.lots) * len(book.demands)
    stride = 1 + math.isqrt(size // candidates.WHOLE)
    whole = size <= candidates.WHOLE
    arcs = more = candidates.whole(book) if whole else candidates.first(book, rules, stride)
    network = Network(minimum.supply(book), book.demands.quantity)
    rounds = 0
    while True:
        network.add(more.lot, more.demand, rules.gain(more.lot, more.demand, more.value))
        network.solve()
        rounds += 1
        if whole:
            break
        more = candidates.absent(book, rules, network.lot_price, network.demand_price)
        if not len(more):
            break
        arcs = candidates.joined(arcs, more)
    return _Relaxed(arcs, rules.gain(arcs.lot, arcs.demand, arcs.value), network, rounds, whole)


def _result(book: Book, rules: Ties, relaxed: _Relaxed, lot_order: Longs, demand_order: Longs) -> Clearing:
    arcs, network = relaxed.arcs, relaxed.network
    problem = minimum.problem(book, arcs.lot, arcs.demand, arcs.value, relaxed.gain)
    best = transport.Allocation(network.taken.copy(), network.lot_price, network.demand_price)
    proof = transport.Allocation(best.taken, rules.dong(best.lot_price), rules.dong(best.demand_price))
    ends = problem.supply, problem.wanted, arcs.lot, arcs.demand
    transport.check(*ends, relaxed.gain, best)
    transport.check(*ends, arcs.value, proof)
    kept = keep_terms(problem, network, rules.shift)
    minimum.verify(problem, kept.taken)
    relaxation, welfare = total(arcs.value, best.taken), total(arcs.value, kept.taken)
    upper_bound = kept.bound if relaxed.whole else relaxation
    return Clearing(
        **_matches(book, arcs, kept.taken, lot_order, demand_order),
        lot_price=proof.lot_price[np.argsort(lot_order)],
        demand_price=proof.demand_price[np.argsort(demand_order)],
        welfare=welfare,
        upper_bound=upper_bound,
        relaxation=relaxation,
        optimal=welfare == upper_bound,
        refused_lots=_refused(arcs.lot, best.taken, kept.taken, lot_order),
        refused_demands=_refused(arcs.demand, best.taken, kept.taken, demand_order),
        rounds=relaxed.rounds,
        candidates=len(arcs),
        pairs=len(book.lots) * len(book.demands),
        method=f"{_SEARCHED[relaxed.whole]}; {kept.method}",
    )


def _matches(
    book: Book, arcs: Candidates, taken: Longs, lot_order: Longs, demand_order: Longs
) -> dict[str, Any]:
    """The columns of the matches, by lot and demand; a book is sorted by its keys, so the places are too."""
    used = np.flatnonzero(taken)
    used = used[np.lexsort((arcs.demand[used], arcs.lot[used]))]
    pairs = Pairs(book, arcs.lot[used].astype(np.intp), arcs.demand[used].astype(np.intp))
    ask, bid = book.lots.ask[pairs.lot], book.demands.bid[pairs.demand]
    return {
        "lot": lot_order[pairs.lot].astype(np.int32),
        "demand": demand_order[pairs.demand].astype(np.int32),
        "quantity": taken[used],
        "value": pairs.value,
        "transport": pairs.transport,
        "penalty": pairs.penalty,
        "price": price(ask, bid, pairs.transport, book.terms.seller_share_percent),
        "distance": pairs.road,
        "pick_day": pairs.pick_day.astype(np.int32),
        "leave_day": pairs.leave_day.astype(np.int32),
        "delivery_day": pairs.delivery_day.astype(np.int32),
        "age": pairs.age.astype(np.int32),
    }


def _refused(end: NDArray[np.int32], relaxed: Longs, taken: Longs, order: Longs) -> NDArray[np.int32]:
    """Places of orders that trade in the relaxation, but not in the end."""
    refused = np.setdiff1d(end[relaxed > 0], end[taken > 0])
    return np.sort(order[refused]).astype(np.int32)

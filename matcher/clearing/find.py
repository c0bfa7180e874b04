"""The best matches of a book: candidates, prices, more candidates; then the minimum terms; then the proof."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import certificate
from matcher.clearing.arrays import Demands, Lots, Terms
from matcher.clearing.certificate import Allocation
from matcher.clearing.clear import Clearing
from matcher.clearing.exact import total
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.search.candidates import Candidates
from matcher.clearing.search.relax import Relaxed, relax, relax_quickly
from matcher.clearing.solver.network import Network
from matcher.clearing.terms import minimum
from matcher.clearing.terms.keep import Kept, keep_terms, repair_terms
from matcher.clearing.ties import Ties, ties
from matcher.clearing.value import price

Longs = NDArray[np.int64]

_SEARCHED = {
    "all": "network simplex over all pairs",
    "proven": "network simplex over candidates until no pair outside them could gain",
    "nearest": "cut short: network simplex over the nearest partners of each order alone",
}


@dataclass(frozen=True)
class Solved:
    """A clearing, and what it was found with: the book in its own order, all arcs and their gains.

    `network` is solved, without the minimum terms; `taken` int64[a] keeps them.
    """

    clearing: Clearing
    book: Book
    ties: Ties
    arcs: Candidates
    gain: Longs
    network: Network
    taken: Longs


def find(lots: Lots, demands: Demands, terms: Terms, declined: Longs, quickly: bool) -> Clearing:
    """See `clear`; `declined` int64[k, 2] is checked."""
    return solved(lots, demands, terms, declined, quickly).clearing


def solved(lots: Lots, demands: Demands, terms: Terms, declined: Longs, quickly: bool = False) -> Solved:
    """Likewise, with all that led to it."""
    sorted_lots, lot_order = lots.sorted()
    sorted_demands, demand_order = demands.sorted()
    places = np.argsort(lot_order)[declined[:, 0]], np.argsort(demand_order)[declined[:, 1]]
    book = Book(sorted_lots, sorted_demands, terms, np.stack(places, axis=1))
    rules = ties(book)
    relaxed = relax_quickly(book, rules) if quickly else relax(book, rules)
    arcs = relaxed.arcs
    gain = rules.gain(arcs.lot, arcs.demand, arcs.value)
    kept = _keep(book, rules, relaxed, gain, quickly)
    clearing = _result(book, relaxed, kept, lot_order, demand_order)
    return Solved(clearing, book, rules, arcs, gain, relaxed.network, kept.taken)


def _keep(book: Book, rules: Ties, relaxed: Relaxed, gain: Longs, quickly: bool) -> Kept:
    """The takes that keep the minimum terms, after the proof of the relaxation was checked."""
    arcs, network = relaxed.arcs, relaxed.network
    problem = minimum.problem(book, arcs.lot, arcs.demand, arcs.value, gain)
    best = Allocation(network.taken, network.lot_price, network.demand_price)
    proof = Allocation(best.taken, rules.dong(best.lot_price), rules.dong(best.demand_price))
    ends = problem.supply, problem.wanted, arcs.lot, arcs.demand
    certificate.check(*ends, gain, best)
    certificate.check(*ends, arcs.value, proof)
    kept = repair_terms(problem, network) if quickly else keep_terms(problem, network, rules.shift)
    minimum.verify(problem, kept.taken)
    return kept


def _result(book: Book, relaxed: Relaxed, kept: Kept, lot_order: Longs, demand_order: Longs) -> Clearing:
    arcs, best = relaxed.arcs, relaxed.network.taken
    relaxation = total(relaxed.lot_price, minimum.supply(book))
    relaxation += total(relaxed.demand_price, book.demands.quantity)
    welfare = total(arcs.value, kept.taken)
    upper_bound = kept.bound if relaxed.reach == "all" else relaxation
    return Clearing(
        **_matches(book, arcs, kept.taken, lot_order, demand_order),
        lot_price=relaxed.lot_price[np.argsort(lot_order)],
        demand_price=relaxed.demand_price[np.argsort(demand_order)],
        welfare=welfare,
        upper_bound=upper_bound,
        relaxation=relaxation,
        optimal=welfare == upper_bound,
        refused_lots=_refused(arcs.lot, best, kept.taken, lot_order),
        refused_demands=_refused(arcs.demand, best, kept.taken, demand_order),
        rounds=relaxed.rounds,
        candidates=len(arcs),
        pairs=len(book.lots) * len(book.demands),
        method=f"{_SEARCHED[relaxed.reach]}; {kept.method}",
    )


def _matches(
    book: Book, arcs: Candidates, taken: Longs, lot_order: Longs, demand_order: Longs
) -> dict[str, Any]:
    """The columns of the matches, in the order of the keys."""
    used = np.flatnonzero(taken)
    used = used[np.lexsort((book.demands.key[arcs.demand[used]], book.lots.key[arcs.lot[used]]))]
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

"""From the best allocation without minimum terms to one that keeps them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matcher.clearing.exact import total
from matcher.clearing.groups import rank
from matcher.clearing.solver.network import Network
from matcher.clearing.terms import branch, minimum
from matcher.clearing.terms.around import improve
from matcher.clearing.terms.minimum import Problem
from matcher.clearing.terms.repair import repair
from matcher.clearing.terms.unbound import best_unbound

Longs = NDArray[np.int64]

SMALL = 6_000  # arcs
FEW = 600  # arcs: a book so small is searched for longer, mostly until nothing is left
NEAR = 24


@dataclass(frozen=True)
class Kept:
    """Takes that keep every term, a bound on the value of any such takes, and how the terms were kept."""

    taken: Longs
    bound: int
    method: str


def keep_terms(problem: Problem, relaxed: Network, shift: int) -> Kept:
    """The best takes found; `relaxed` is the solved network of `problem`, gains are value · 2^shift + bonus.

    Where nothing is broken the relaxation is the answer. Otherwise its takes are repaired; then each
    connected part of the book in which a term was broken is searched by neighbourhoods, and a small one
    then as a whole, by branch and bound, which also says how much better it could be. In a book of very
    many pairs only the arcs nearest to gaining are looked at, and the bound stays the relaxation's.
    """
    best = relaxed.taken
    if minimum.kept(problem, best):
        return Kept(best, total(problem.value, best), "no minimum term in the way")
    more = problem.gain - relaxed.lot_price[problem.lot] - relaxed.demand_price[problem.demand]
    near = _near(problem, best, more)
    found = _search(problem.some(near), best[near], more[near], shift)
    taken = np.zeros_like(best)
    taken[near] = found.taken
    bound = found.bound if len(near) == len(best) else total(problem.value, best)
    return Kept(taken, bound, found.method)


def repair_terms(problem: Problem, relaxed: Network) -> Kept:
    """Takes that keep every term, near the best ones, without a search for better ones; changes `relaxed`."""
    bound = total(problem.value, relaxed.taken)
    return Kept(repair(problem, relaxed, at_once=1), bound, "minimum terms by repair")


def _search(problem: Problem, best: Longs, more: Longs, shift: int) -> Kept:
    network = Network(problem.supply, problem.wanted)
    network.add(problem.lot, problem.demand, problem.gain)
    network.solve()
    repaired = repair(problem, network)
    taken, bound = best.copy(), 0
    effort, tried = _effort(len(problem.lot))
    ways: list[str] = []
    parts = _parts(problem)
    for number in range(int(parts.max()) + 1):
        arcs = np.flatnonzero(parts == number)
        part, small = minimum.part(problem, arcs), len(arcs) <= SMALL
        if minimum.kept(part, best[arcs]):
            bound += total(part.value, best[arcs])
            continue
        known, spent = improve(
            part, repaired[arcs], best[arcs], more[arcs], shift, effort // 3 if small else branch.EFFORT
        )
        known = best_unbound(part, known)
        if small:
            known, most, longer = branch.search(part, shift, known, effort - spent, tried)
            bound += most
            effort -= spent + longer
        else:
            bound += total(part.value, best[arcs])
        ways.append("branch and bound" if small else "repair and neighbourhoods")
        taken[arcs] = known
    return Kept(taken, bound, "minimum terms by " + ", ".join(dict.fromkeys(ways)))


def _effort(arcs: int) -> tuple[int, int]:
    """(How much work a book of so many arcs is given, by how many broken terms a split is tried)."""
    if arcs <= FEW:
        return branch.THOROUGH, branch.TRIED
    return branch.PROOF if arcs <= SMALL else branch.EFFORT, 1


def _near(problem: Problem, best: Longs, more: Longs) -> NDArray[np.intp]:
    """All arcs, or of very many those taken and of each order the NEAR that lack least to gain."""
    lots, demands = problem.lot, problem.demand
    if len(lots) <= NEAR * (len(problem.supply) + len(problem.wanted)):
        return np.arange(len(lots))
    return np.flatnonzero((best > 0) | (rank(lots, more) < NEAR) | (rank(demands, more) < NEAR))


def _parts(problem: Problem) -> NDArray[np.int32]:
    """Of each arc, the number of its connected component; parts are numbered from the smallest up."""
    nodes = len(problem.supply) + len(problem.wanted)
    ends = problem.lot, problem.demand + len(problem.supply)
    graph = coo_array((np.ones(len(problem.lot), np.int8), ends), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1][problem.lot]
    size = np.bincount(label)
    place = np.empty(len(size), np.int32)
    place[np.argsort(size, kind="stable")] = np.arange(len(size), dtype=np.int32)
    number: NDArray[np.int32] = np.unique(place[label], return_inverse=True)[1].astype(np.int32)
    return number

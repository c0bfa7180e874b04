"""What is measured: our solver, what others would use instead, and limits that no solver can be below.

Each takes an instance and gives (the seconds that count, the gain in all). Ours counts everything, from
the arrays to the checked answer; of a peer only its own solving counts, not the building of its network.
"""

from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import ot
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow
from scipy.sparse import coo_array

from bench.clearing.instances import Instance
from bench.clearing.measure import timed
from matcher.clearing import transport
from matcher.clearing.compiled import compiled
from matcher.clearing.solver import fallback

Longs = NDArray[np.int64]
Method = Callable[[Instance], tuple[float, int]]


def ours(problem: Instance) -> tuple[float, int]:
    return timed(lambda: _gain(problem, transport.solve(*problem).taken))


def ortools(problem: Instance) -> tuple[float, int]:
    """SimpleMinCostFlow, with a source, a sink and an arc between them for what is left over."""
    lots, demands = len(problem.supply), len(problem.demand)
    source, sink = lots + demands, lots + demands + 1
    total = int(problem.supply.sum())
    network = min_cost_flow.SimpleMinCostFlow()
    room = np.minimum(problem.supply[problem.lot], problem.demand[problem.buyer])
    parts: tuple[tuple[NDArray[Any], ...], ...] = (
        (problem.lot, lots + problem.buyer, room, -problem.gain),
        (np.full(lots, source), np.arange(lots), problem.supply, np.zeros(lots)),
        (lots + np.arange(demands), np.full(demands, sink), problem.demand, np.zeros(demands)),
        (np.array([source]), np.array([sink]), np.array([total]), np.zeros(1)),
    )
    tails, heads, rooms, costs = (np.concatenate(column) for column in zip(*parts, strict=True))
    network.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32), heads.astype(np.int32), rooms.astype(np.int64), costs.astype(np.int64)
    )
    network.set_node_supply(source, total)
    network.set_node_supply(sink, -total)

    def solve() -> int:
        if network.solve() != network.OPTIMAL:
            raise RuntimeError("OR-Tools found no optimum")
        return -int(network.optimal_cost())

    return timed(solve)


def highs(problem: Instance) -> tuple[float, int]:
    """HiGHS's dual simplex through scipy, which is also the solver's fallback."""
    return timed(lambda: _gain(problem, fallback.solve(*problem).taken))


def pot(problem: Instance) -> tuple[float, int]:
    """Python Optimal Transport's sparse emd, with one lot and one demand more for what is left over."""
    lots, demands = len(problem.supply), len(problem.demand)
    supply = np.append(problem.supply, problem.demand.sum()).astype(np.float64)
    demand = np.append(problem.demand, problem.supply.sum()).astype(np.float64)
    rows = np.concatenate([problem.lot, np.arange(lots + 1), np.full(demands, lots)])
    columns = np.concatenate([problem.buyer, np.full(lots + 1, demands), np.arange(demands)])
    # It takes a cost of zero for an absent arc, so every cost is raised by as much.
    raised = float(problem.gain.max()) + 1
    costs = raised - np.concatenate([problem.gain, np.zeros(lots + 1 + demands)])
    # An arc of our own takes one unit from each side, as does one to the rest: all plans are raised alike.
    matrix = coo_array((costs, (rows, columns)), shape=(lots + 1, demands + 1))

    def solve() -> int:
        plan = ot.emd(supply, demand, matrix, numItermax=10_000_000).tocsr()
        return round(raised * float(supply.sum()) - float((matrix.tocsr().multiply(plan)).sum()))

    return timed(solve)


def network_simplex(problem: Instance) -> tuple[float, int]:
    """networkx's network simplex."""
    graph = networkx.DiGraph()
    rest = int(problem.supply.sum()) - int(problem.demand.sum())
    graph.add_node("rest", demand=rest)
    for name, sign, capacity in (("lot", -1, problem.supply), ("demand", 1, problem.demand)):
        for place, quantity in enumerate(capacity.tolist()):
            graph.add_node((name, place), demand=sign * quantity)
            ends = [(name, place), "rest"][::-sign]
            graph.add_edge(*ends, weight=0)
    for lot, buyer, gain in zip(*(column.tolist() for column in problem[2:]), strict=True):
        graph.add_edge(("lot", lot), ("demand", buyer), weight=-gain)
    return timed(lambda: -int(networkx.network_simplex(graph)[0]))


def greedy(problem: Instance) -> tuple[float, int]:
    """Arc by arc, the most gainful first, compiled: what a quick loop would do; not optimal."""

    def solve() -> int:
        order = np.argsort(-problem.gain, kind="stable")
        return _gain(
            problem, _take(problem.supply.copy(), problem.demand.copy(), problem.lot, problem.buyer, order)
        )

    return timed(solve)


def one_sort(problem: Instance) -> tuple[float, int]:
    """A limit: one stable sort of the arcs by gain."""
    return timed(lambda: 0 * len(np.argsort(problem.gain, kind="stable")))


def one_pass(problem: Instance) -> tuple[float, int]:
    """A limit: reading every array once."""
    return timed(lambda: 0 * sum(int(column.sum()) for column in problem))


def _gain(problem: Instance, taken: Longs) -> int:
    return int((problem.gain * taken).sum())


@compiled
def _take(
    supply: Longs, demand: Longs, lot: NDArray[np.int32], buyer: NDArray[np.int32], order: Longs
) -> Longs:
    taken = np.zeros(len(lot), np.int64)
    for arc in order:
        quantity = min(supply[lot[arc]], demand[buyer[arc]])
        taken[arc] = quantity
        supply[lot[arc]] -= quantity
        demand[buyer[arc]] -= quantity
    return taken


# Each with the most arcs for which it is run; more would take it minutes.
METHODS: dict[str, tuple[Method, int]] = {
    "ours": (ours, 10**9),
    "OR-Tools": (ortools, 10**9),
    "HiGHS": (highs, 300_000),
    "POT": (pot, 1_000_000),
    "networkx": (network_simplex, 100_000),
    "greedy": (greedy, 10**9),
    "one sort": (one_sort, 10**9),
    "one pass": (one_pass, 10**9),
}

"""An order in which orders that share arcs stand close to each other, compiled.

A solver walks along arcs; where neighbours are close in memory too, it waits for memory less.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.compiled import compiled
from matcher.clearing.groups import grouped

Places = NDArray[np.int32]


class Sequence(NamedTuple):
    """`lots`, `demands` and `arcs`: the place that each had, in their new order; arcs stand by their lots."""

    lots: Places
    demands: Places
    arcs: Places


@compiled
def near_each_other(lot: Places, demand: Places, lots: int, demands: int) -> Sequence:
    """Breadth first along the arcs, from the first lot and then from the first not yet reached."""
    of_lot, lot_begin = grouped(lot, lots)
    of_demand, demand_begin = grouped(demand, demands)
    sequence = Sequence(np.empty(lots, np.int32), np.empty(demands, np.int32), np.empty(len(lot), np.int32))
    lot_seen, demand_seen = np.zeros(lots, np.bool_), np.zeros(demands, np.bool_)
    done = found = wanted = placed = 0
    for start in range(lots):
        if lot_seen[start]:
            continue
        lot_seen[start] = True
        sequence.lots[found] = start
        found += 1
        while done < found:
            one = sequence.lots[done]
            done += 1
            for arc in of_lot[lot_begin[one] : lot_begin[one + 1]]:
                sequence.arcs[placed] = arc
                placed += 1
                other = demand[arc]
                if demand_seen[other]:
                    continue
                demand_seen[other] = True
                sequence.demands[wanted] = other
                wanted += 1
                for back in of_demand[demand_begin[other] : demand_begin[other + 1]]:
                    if not lot_seen[lot[back]]:
                        lot_seen[lot[back]] = True
                        sequence.lots[found] = lot[back]
                        found += 1
    for other in range(demands):
        if not demand_seen[other]:
            sequence.demands[wanted] = other
            wanted += 1
    return sequence

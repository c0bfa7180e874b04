"""The best matches of a small book by mixed-integer programming, from the plain-Python rules alone."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.clearing.scalar import Demand, Lot, Pair

Row = tuple[dict[int, int], int]  # coefficients by variable, and what their sum is at most


def best_welfare(lots: Sequence[Lot], demands: Sequence[Demand]) -> int:
    """The greatest total value, đồng·g/kg, of any matches that keep every rule and every minimum term."""
    pairs = [
        (i, j, Pair(lot, demand))
        for i, lot in enumerate(lots)
        for j, demand in enumerate(demands)
        if not Pair(lot, demand).broken()
    ]
    if not pairs:
        return 0
    count = len(pairs)  # variables: multiples taken, whether taken, whether a demand is filled
    rows: list[Row] = []
    for k, (i, j, _) in enumerate(pairs):
        lot, demand = lots[i], demands[j]
        package = max(lot.multiple, 1)
        room = min(lot.quantity, demand.quantity)
        rows.append(({k: package, count + k: -room}, 0))
        rows.append(({k: -package, count + k: max(lot.min_take, demand.min_take, 1)}, 0))
    for i, lot in enumerate(lots):
        rows.append(
            ({k: max(lot.multiple, 1) for k, (own, _, _) in enumerate(pairs) if own == i}, lot.quantity)
        )
    for j, demand in enumerate(demands):
        its_own = {k: max(lots[i].multiple, 1) for k, (i, own, _) in enumerate(pairs) if own == j}
        filled = 2 * count + j
        rows.append((its_own | {filled: -demand.quantity}, 0))
        rows.append(({k: -package for k, package in its_own.items()} | {filled: demand.min_fill}, 0))
        if demand.max_sellers:
            rows.append(({count + k: 1 for k in its_own}, demand.max_sellers))
    return _solve(rows, [pair.value * max(lots[i].multiple, 1) for i, _, pair in pairs], len(demands))


def _solve(rows: list[Row], value: list[int], demands: int) -> int:
    count = len(value)
    variables = 2 * count + demands
    matrix = np.zeros((len(rows), variables))
    for place, (coefficients, _) in enumerate(rows):
        for variable, coefficient in coefficients.items():
            matrix[place, variable] = coefficient
    gain = np.zeros(variables)
    gain[:count] = value
    upper = np.ones(variables)
    upper[:count] = np.inf
    most = np.array([limit for _, limit in rows])
    found = milp(
        -gain,
        constraints=LinearConstraint(matrix, -np.inf, most),
        integrality=np.ones(variables, np.int64),
        bounds=Bounds(0, upper),
        options={"mip_rel_gap": 0},
    )
    assert found.x is not None
    taken = np.rint(found.x[:count]).astype(np.int64)
    return int((taken * np.array(value)).sum())

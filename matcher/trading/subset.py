"""Some orders of a clearing's table by themselves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from matcher.clearing import Demands, Lots

TableT = TypeVar("TableT", Lots, Demands)


def subset(table: TableT, places: Sequence[int]) -> TableT:
    """The orders at `places`, in that order, each place at most once; lots with their certificates."""
    kept = np.asarray(places, np.intp)
    columns = {name: getattr(table, name)[kept] for name in table.COLUMNS if name not in table.ELSEWHERE}
    if isinstance(table, Lots):
        place = np.full(len(table), -1, np.int32)
        place[kept] = np.arange(len(kept))
        held = place[table.certificate_lot] >= 0
        columns |= {name: getattr(table, name)[held] for name in table.ELSEWHERE}
        columns["certificate_lot"] = place[table.certificate_lot[held]]
    return replace(table, **columns)

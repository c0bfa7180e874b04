"""Parts of a clearing's tables, and parts put together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

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


def joined(tables: Sequence[TableT]) -> TableT:
    """The orders of all `tables`, one or more, after each other; no order twice."""
    first, every = tables[0], cast("Sequence[Any]", tables)
    columns = {name: np.concatenate([getattr(table, name) for table in every]) for name in first.COLUMNS}
    if isinstance(first, Lots):
        held = [len(table.certificate_lot) for table in every]
        begins = np.cumsum([0, *map(len, tables[:-1])])
        columns["certificate_lot"] += np.repeat(begins, held).astype(np.int32)
    return replace(first, **columns)

"""Clearing a book though something in it makes the clearing fail: the orders that do are left out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import numpy as np

from matcher import clearing as core
from matcher.trading.failure import Failure, failure
from matcher.trading.record.subset import subset
from matcher.trading.snapshot import Snapshot

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
# What a defect of ours can raise on some input; not a time limit or a lost connection.
FAILURES = (core.ClearingError, ArithmeticError, LookupError, TypeError, ValueError)

logger = logging.getLogger(__name__)


def clear_isolated(snapshot: Snapshot, run: Callable[[Snapshot], ResultT]) -> tuple[Snapshot, ResultT]:
    """What `run` gives, and the snapshot it is of: without the orders that made it fail, now in `failures`.

    They are a smallest set in the sense that none of them could stay. Raises the failure itself where it
    is no order's.
    """
    try:
        return snapshot, run(snapshot)
    except FAILURES:
        logger.exception("a clearing failed; looking for the orders that make it")
        why = failure("unclearable")

        def clears(left_out: Sequence[UUID]) -> bool:
            try:
                run(_without(snapshot, left_out, why))
            except FAILURES:
                return False
            return True

        if not clears(_ids(snapshot)):
            raise
    culprits = smallest(clears, _ids(snapshot))
    logger.error("set aside %s", ", ".join(map(str, culprits)))
    rest = _without(snapshot, culprits, why)
    return rest, run(rest)


def smallest(cures: Callable[[Sequence[ItemT]], bool], items: Sequence[ItemT]) -> list[ItemT]:
    """A set of `items` that cures and of which none can be spared; all of them together must cure.

    Asks some 2·k·log2(n/k) times for k of n (Junker's QuickXplain, AAAI 2004).
    """

    def found(background: list[ItemT], added: bool, among: list[ItemT]) -> list[ItemT]:
        if added and cures(background):
            return []
        if len(among) == 1:
            return among
        half = len(among) // 2
        first, second = among[:half], among[half:]
        of_second = found(background + first, True, second)
        return found(background + of_second, bool(of_second), first) + of_second

    return found([], True, list(items)) if items else []


def _ids(snapshot: Snapshot) -> list[UUID]:
    return [lot.id for lot in snapshot.lot_rows] + [demand.id for demand in snapshot.demand_rows]


def _without(snapshot: Snapshot, ids: Sequence[UUID], why: Failure) -> Snapshot:
    out = set(ids)
    lots = [place for place, lot in enumerate(snapshot.lot_rows) if lot.id not in out]
    demands = [place for place, demand in enumerate(snapshot.demand_rows) if demand.id not in out]
    lot_place, demand_place = ({old: new for new, old in enumerate(kept)} for kept in (lots, demands))
    declined = [
        (lot_place[lot], demand_place[demand])
        for lot, demand in snapshot.declined.tolist()
        if lot in lot_place and demand in demand_place
    ]
    return replace(
        snapshot,
        lot_rows=[snapshot.lot_rows[place] for place in lots],
        demand_rows=[snapshot.demand_rows[place] for place in demands],
        lots=subset(snapshot.lots, lots),
        demands=subset(snapshot.demands, demands),
        declined=np.array(declined, dtype=np.int32).reshape(-1, 2),
        failures={**snapshot.failures, **dict.fromkeys(ids, why)},
    )

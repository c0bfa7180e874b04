"""Books kept solved in a worker's memory: a cache of the ledger, followed or thrown away, never the truth."""

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import numpy as np

from matcher.catalogue import Crop
from matcher.clearing import Terms
from matcher.clearing.standing.change import Settled
from matcher.clearing.standing.standing import Standing
from matcher.store.tables import Demand, Lot
from matcher.trading.changed import Changed, Taken
from matcher.trading.found import Found, Matches, Pair, found_matches
from matcher.trading.numbers import Numbers, key_of
from matcher.trading.snapshot import Snapshot

OrderT = TypeVar("OrderT", Lot, Demand)


@dataclass
class Moved:
    """Matches that are new or another than they were, and the ids (lot, demand) of what is none any more."""

    changed: list[Found] = field(default_factory=list)
    gone: list[tuple[UUID, UUID]] = field(default_factory=list)


@dataclass
class StandingBook:
    """One book as of the clearing `clearing_id`, the `link`-th since that of the whole book, `base_id`.

    `lots` and `demands` are the rows of its orders, by key; `taken` is what that clearing made matches of.
    `put_off` is the effort after which it left the rest of its work, 0 if it left none.
    """

    core: Standing
    terms: Terms
    lots: dict[int, Lot]
    demands: dict[int, Demand]
    matches: Matches
    base_id: UUID
    clearing_id: UUID
    link: int = 0
    taken: Sequence[Taken] = ()
    put_off: int = 0

    def __post_init__(self) -> None:
        # Its objects are many and stay: the collector would go through all of them time and again.
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def took(self, taken: Sequence[Taken]) -> None:
        """Notes what the last clearing made matches of: they are tentative no more."""
        self.taken = taken
        for lot_id, demand_id, _ in taken:
            self.matches.drop((key_of(lot_id), key_of(demand_id)))

    def follow(
        self,
        changed: Changed,
        settled: Settled,
        numbers: Numbers,
        crop: Crop,
        signing_time: timedelta,
        now: datetime,
    ) -> Moved:
        """Brings rows and matches up to what was settled; returns what is another than it was."""
        self.lots |= by_key(changed.lot_rows)
        self.demands |= by_key(changed.demand_rows)
        self.put_off = changed.change.effort if settled.put_off else 0
        pairs = zip(settled.lot.tolist(), settled.demand.tolist(), strict=True)
        quantities = dict(zip(pairs, settled.quantity.tolist(), strict=True))
        anew = self._anew({key_of(order_id) for order_id in changed.ids}, quantities)
        moved = Moved()
        rebuilt: dict[Pair, int] = {}
        for pair, quantity in quantities.items():
            found = self.matches.get(pair)
            if found is not None and quantity and anew.isdisjoint(pair):
                found.quantity_g = quantity
                moved.changed.append(found)
                continue
            self.matches.drop(pair)
            if quantity:
                rebuilt[pair] = quantity
            else:
                moved.gone.append((self.lots[pair[0]].id, self.demands[pair[1]].id))
        for found in self._found(rebuilt, numbers, crop, signing_time, now):
            self.matches.put(found)
            moved.changed.append(found)
        self._let_go(map(key_of, changed.gone))
        return moved

    def _anew(self, orders: set[int], quantities: dict[Pair, int]) -> set[int]:
        """The orders whose matches are to be worked out anew; those not in `quantities` yet are put there."""
        # What together reaches a smallest fill freezes together.
        filled = {demand for _, demand in quantities if self.demands[demand].min_fill_g}
        for key in orders | filled:
            for pair in self.matches.of(key):
                found = self.matches.get(pair)
                if found is not None:
                    quantities.setdefault(pair, found.quantity_g)
        return orders | filled

    def _found(
        self,
        quantities: Mapping[Pair, int],
        numbers: Numbers,
        crop: Crop,
        signing_time: timedelta,
        now: datetime,
    ) -> Iterable[Found]:
        lot_rows, lots = numbers.lots(self.lots[lot] for lot in dict.fromkeys(lot for lot, _ in quantities))
        demand_rows, demands = numbers.demands(
            (self.demands[demand] for demand in dict.fromkeys(demand for _, demand in quantities)), {}
        )
        lot_place = {key: place for place, key in enumerate(lots.key.tolist())}
        demand_place = {key: place for place, key in enumerate(demands.key.tolist())}
        nothing = np.zeros((0, 2), np.int32)
        snapshot = Snapshot(lot_rows, demand_rows, lots, demands, self.terms, nothing, {}, numbers.keys)
        return found_matches(
            snapshot,
            [lot_place[lot] for lot, _ in quantities],
            [demand_place[demand] for _, demand in quantities],
            [*quantities.values()],
            crop,
            signing_time,
            now,
        )

    def id_of(self, key: int) -> UUID:
        order = self.lots.get(key) or self.demands[key]
        return order.id

    def _let_go(self, gone: Iterable[int]) -> None:
        for key in gone:
            for pair in self.matches.of(key):
                self.matches.drop(pair)
            self.lots.pop(key, None)
            self.demands.pop(key, None)


def by_key(orders: Iterable[OrderT]) -> dict[int, OrderT]:
    return {key_of(order.id): order for order in orders}

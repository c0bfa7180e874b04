"""Books kept solved in a worker's memory: a cache of the ledger, followed or thrown away, never the truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from matcher.catalogue import Crop
from matcher.clearing import Terms
from matcher.clearing.change import Settled
from matcher.clearing.standing import Standing
from matcher.store.tables import Demand, Lot
from matcher.trading.changed import Changed, Taken
from matcher.trading.found import Found, Matches, Pair, found_matches
from matcher.trading.numbers import Numbers, key_of
from matcher.trading.snapshot import Snapshot


@dataclass
class StandingBook:
    """One book as of the clearing `clearing_id`, the `link`-th since that of the whole book, `base_id`.

    `lots` and `demands` are the rows of its orders; `taken` is what that last clearing made matches of.
    `put_off` is the effort after which it left the rest of its work, 0 if it left none.
    """

    core: Standing
    terms: Terms
    lots: dict[UUID, Lot]
    demands: dict[UUID, Demand]
    matches: Matches
    base_id: UUID
    clearing_id: UUID
    link: int = 0
    taken: Sequence[Taken] = ()
    put_off: int = 0
    ids: dict[int, UUID] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = {key_of(order_id): order_id for order_id in (*self.lots, *self.demands)}

    def took(self, taken: Sequence[Taken]) -> None:
        """Notes what the last clearing made matches of: they are tentative no more."""
        self.taken = taken
        for lot_id, demand_id, _ in taken:
            self.matches.drop((lot_id, demand_id))

    def take_over(self, changed: Changed) -> None:
        """Makes the rows of the orders those of the change; what is gone keeps its id until it is let go."""
        self.lots |= {lot.id: lot for lot in changed.lot_rows}
        self.demands |= {demand.id: demand for demand in changed.demand_rows}
        self.ids |= {key_of(order_id): order_id for order_id in changed.ids}

    def follow(
        self,
        changed: Changed,
        settled: Settled,
        numbers: Numbers,
        crop: Crop,
        signing_time: timedelta,
        now: datetime,
    ) -> set[Pair]:
        """Brings rows and matches up to what was settled; returns the pairs whose outlook may be another."""
        self.take_over(changed)
        self.put_off = changed.change.effort if settled.put_off else 0
        quantities = {
            (self.ids[lot], self.ids[demand]): quantity
            for lot, demand, quantity in zip(
                settled.lot.tolist(), settled.demand.tolist(), settled.quantity.tolist(), strict=True
            )
        }
        for order_id in changed.ids:
            self._as_they_were(order_id, quantities)
        others = set(changed.ids)
        # What together reaches a smallest fill freezes together.
        for _, demand_id in tuple(quantities):
            if self.demands[demand_id].min_fill_g:
                self._as_they_were(demand_id, quantities)
                others.add(demand_id)
        anew = [self._another_quantity(pair, quantity, others) for pair, quantity in quantities.items()]
        kept = [(pair, quantity) for pair, quantity in filter(None, anew) if quantity]
        for found in self._found(kept, numbers, crop, signing_time, now):
            self.matches.put(found)
        self._let_go(changed.gone)
        return set(quantities)

    def _another_quantity(self, pair: Pair, quantity: int, others: set[UUID]) -> tuple[Pair, int] | None:
        """Gives a match its new quantity, or drops it and returns what it is to be worked out from anew."""
        found = self.matches.get(pair)
        if found is not None and quantity and others.isdisjoint(pair):
            self.matches.put(replace(found, quantity_g=quantity))
            return None
        self.matches.drop(pair)
        return pair, quantity

    def _as_they_were(self, order_id: UUID, quantities: dict[Pair, int]) -> None:
        for pair in self.matches.of(order_id):
            found = self.matches.get(pair)
            if found is not None:
                quantities.setdefault(pair, found.quantity_g)

    def _found(
        self,
        pairs: Sequence[tuple[Pair, int]],
        numbers: Numbers,
        crop: Crop,
        signing_time: timedelta,
        now: datetime,
    ) -> Iterable[Found]:
        lot_rows, lots = numbers.lots({pair[0]: self.lots[pair[0]] for pair, _ in pairs}.values())
        demand_rows, demands = numbers.demands(
            {pair[1]: self.demands[pair[1]] for pair, _ in pairs}.values(), {}
        )
        lot_place = {lot.id: place for place, lot in enumerate(lot_rows)}
        demand_place = {demand.id: place for place, demand in enumerate(demand_rows)}
        nothing = np.zeros((0, 2), np.int32)
        snapshot = Snapshot(lot_rows, demand_rows, lots, demands, self.terms, nothing, {}, numbers.keys)
        return found_matches(
            snapshot,
            [lot_place[pair[0]] for pair, _ in pairs],
            [demand_place[pair[1]] for pair, _ in pairs],
            [quantity for _, quantity in pairs],
            crop,
            signing_time,
            now,
        )

    def _let_go(self, gone: Sequence[UUID]) -> None:
        for order_id in gone:
            for pair in self.matches.of(order_id):
                self.matches.drop(pair)
            self.lots.pop(order_id, None)
            self.demands.pop(order_id, None)
            self.ids.pop(key_of(order_id), None)

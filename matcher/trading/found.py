"""The matches a clearing found, before any of them is written."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from matcher.catalogue import Crop
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.value import price
from matcher.store.tables import Demand, Lot
from matcher.trading.freeze import freezes
from matcher.trading.snapshot import Snapshot

Pair = tuple[int, int]  # the keys of a lot and of a demand, as the clearing knows them


@dataclass(slots=True)
class Found:
    """One match; `lot` and `demand` are the rows it was found for, and for reading only."""

    pair: Pair
    lot: Lot
    demand: Demand
    freeze_at: datetime
    quantity_g: int
    value: int
    transport: int
    freshness_penalty: int
    price: int
    distance_m: int
    pick_day: date
    leave_day: date
    delivery_day: date


class Matches:
    """The matches of a book as it stands, tentative until their freeze."""

    def __init__(self, found: Iterable[Found] = ()) -> None:
        self._found: dict[Pair, Found] = {}
        self._of: dict[int, set[Pair]] = {}
        # What a match that is gone or moved has left here stays until it comes up.
        self._calendar: list[tuple[datetime, Pair]] = []
        for each in found:
            self.put(each)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Found]:
        return iter(self._found.values())

    def get(self, pair: Pair) -> Found | None:
        return self._found.get(pair)

    def of(self, key: int) -> set[Pair]:
        """The pairs of one order."""
        return set(self._of.get(key, ()))

    def put(self, found: Found) -> None:
        pair = found.pair
        before, self._found[pair] = self._found.get(pair), found
        if before is None or before.freeze_at != found.freeze_at:
            heapq.heappush(self._calendar, (found.freeze_at, pair))
        for key in pair:
            self._of.setdefault(key, set()).add(pair)

    def drop(self, pair: Pair) -> None:
        if self._found.pop(pair, None) is not None:
            for key in pair:
                self._of[key].discard(pair)

    def due(self, at: datetime) -> list[Found]:
        """Those whose freeze has come, in the order of their lots' and demands' ids."""
        due = {}
        while (first := self.first_freeze()) is not None and first <= at:
            _, pair = heapq.heappop(self._calendar)
            due[pair] = self._found[pair]
        for pair, found in due.items():
            heapq.heappush(self._calendar, (found.freeze_at, pair))
        return sorted(due.values(), key=lambda found: (found.lot.id, found.demand.id))

    def first_freeze(self) -> datetime | None:
        while self._calendar:
            freeze_at, pair = self._calendar[0]
            found = self._found.get(pair)
            if found is not None and found.freeze_at == freeze_at:
                return freeze_at
            heapq.heappop(self._calendar)
        return None


def found_matches(
    snapshot: Snapshot,
    lot: Sequence[int],
    demand: Sequence[int],
    quantity: Sequence[int],
    crop: Crop,
    signing_time: timedelta,
    now: datetime,
) -> list[Found]:
    """quantity[k] g of the lot at place lot[k] of the snapshot for the demand at place demand[k]."""
    freeze_at = freezes(snapshot, lot, demand, crop, signing_time, now)
    book = Book(snapshot.lots, snapshot.demands, snapshot.terms, np.zeros((0, 2), np.int64))
    pairs = Pairs(book, np.asarray(lot, np.intp), np.asarray(demand, np.intp))
    prices = price(
        snapshot.lots.ask[pairs.lot],
        snapshot.demands.bid[pairs.demand],
        pairs.transport,
        snapshot.terms.seller_share_percent,
    )
    columns = pairs.value, pairs.transport, pairs.penalty, prices, pairs.road
    figures = zip(*(column.tolist() for column in columns), strict=True)
    ordinals = zip(
        *(days.tolist() for days in (pairs.pick_day, pairs.leave_day, pairs.delivery_day)), strict=True
    )
    keys = zip(
        snapshot.lots.key[pairs.lot].tolist(), snapshot.demands.key[pairs.demand].tolist(), strict=True
    )
    return [
        Found(
            pair,
            snapshot.lot_rows[own],
            snapshot.demand_rows[other],
            freeze,
            grams,
            *money,
            *map(date.fromordinal, days),
        )
        for pair, own, other, freeze, grams, money, days in zip(
            keys, lot, demand, freeze_at, quantity, figures, ordinals, strict=True
        )
    ]

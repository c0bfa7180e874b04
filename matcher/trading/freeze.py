"""When a tentative match becomes a match: its freeze."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from matcher.catalogue import Crop
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.rules import feasible
from matcher.clock import VIETNAM, day_of
from matcher.trading.snapshot import Snapshot


def freezes(
    snapshot: Snapshot,
    lot: Sequence[int],
    demand: Sequence[int],
    crop: Crop,
    signing_time: timedelta,
    now: datetime,
) -> list[datetime]:
    """For each match between lot[k] and demand[k] of the snapshot the instant from which it is for good.

    It is the earliest of: the later of its two orders' last change and the crop's hold or, where the crop
    has calls, the next of them; either order's `decide_by`; and the last moment at which the goods can leave
    and still keep every rule, less the time that signing the contract takes. The matches that together
    reach a demand's minimum fill freeze together. Without hold and calls all freeze at once.
    """
    if crop.hold == timedelta(0):
        return [now] * len(lot)
    departures = _last_departures(snapshot, lot, demand, crop)
    found = []
    for index, (own, other) in enumerate(zip(lot, demand, strict=True)):
        orders = snapshot.lot_rows[own], snapshot.demand_rows[other]
        begun = max(order.changed_at for order in orders)
        ends = [next_call(crop.call_times, begun)] if crop.calls else []
        if crop.hold is not None:
            ends.append(begun + crop.hold)
        ends += [order.decide_by for order in orders if order.decide_by is not None]
        departure = departures[index]
        if departure is not None:
            ends.append(departure - signing_time)
        found.append(min(ends))
    return _together(snapshot, demand, found)


def next_call(calls: Sequence[time], begun: datetime) -> datetime:
    """The first call at `begun` or after it; `calls` are times of day in Việt Nam."""
    day = day_of(begun)
    candidates = [
        datetime.combine(day + timedelta(days=later), at, VIETNAM) for later in (0, 1) for at in calls
    ]
    return min(candidate for candidate in candidates if candidate >= begun)


def _last_departures(
    snapshot: Snapshot, lots: Sequence[int], demands: Sequence[int], crop: Crop
) -> list[datetime | None]:
    """When the goods of each match must leave at the latest; None where that is after any hold would end.

    A day earlier never makes a match impossible that was not: so each is followed back until it is possible.
    """
    longest = (crop.hold or timedelta(0)) + timedelta(days=1)
    lot, demand = np.asarray(lots, np.intp), np.asarray(demands, np.intp)
    last = np.full(len(lot), -1)
    places = np.arange(len(lot))
    days = longest.days + 2
    for later in reversed(range(days)):
        terms = replace(snapshot.terms, today=snapshot.terms.today + later)
        book = Book(snapshot.lots, snapshot.demands, terms, np.zeros((0, 2), np.int64))
        possible = _possible(Pairs(book, lot[places], demand[places]))
        last[places[possible]] = later
        places = places[~possible]
        if not len(places):
            break
    return [
        None if later == days - 1 else _leaving(snapshot.terms.today + int(later), snapshot) for later in last
    ]


def _possible(pairs: Pairs) -> NDArray[np.bool_]:
    kept = feasible(pairs)
    codes = pairs.lot.astype(np.int64) * len(pairs.book.demands) + pairs.demand
    return np.isin(codes, kept.lot.astype(np.int64) * len(pairs.book.demands) + kept.demand)


def _leaving(day: int, snapshot: Snapshot) -> datetime:
    midnight = datetime.combine(datetime.fromordinal(day).date(), time.min, VIETNAM)
    return midnight + timedelta(hours=snapshot.terms.departure_hour)


def _together(snapshot: Snapshot, demand: Sequence[int], found: list[datetime]) -> list[datetime]:
    """The earliest freeze of a demand's matches for all of them, where its minimum fill is yet to be met."""
    earliest: dict[int, datetime] = {}
    needing = snapshot.demands.min_fill > 0
    for place, freeze in zip(demand, found, strict=True):
        if needing[place]:
            earliest[place] = min(freeze, earliest.get(place, freeze))
    return [earliest.get(place, freeze) for place, freeze in zip(demand, found, strict=True)]

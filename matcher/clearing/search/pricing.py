"""Asking prices which pairs of a whole book are missing: exact, without a pass over all of them."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing.distance import EARTH_RADIUS
from matcher.clearing.pairs import Book
from matcher.clearing.search import tree
from matcher.clearing.search.pair import DEMAND, LOT, Common
from matcher.clearing.search.scan import Best, Doubtful, Side, scan
from matcher.clearing.ties import Ties

Longs = NDArray[np.int64]
Places = NDArray[np.int32]

AT_ONCE = 32  # leaves that a thread looks at before it takes more


class Pricing:
    """A book at given prices, the solver's; an order priced NEVER finds no partner.

    Prices are those of a solved network, or whole đồng.
    """

    NEVER = 1 << 58  # more than any gain

    def __init__(self, book: Book, ties: Ties, lot_price: Longs, demand_price: Longs) -> None:
        self._sizes = len(book.lots), len(book.demands)
        self._lots, lot_rows = _lots(book, ties, lot_price)
        self._demands, demand_rows = _demands(book, ties, demand_price)
        self._common = _common(book, ties, lot_rows, demand_rows)

    def best(self, of_lots: bool, few: int) -> tuple[Best, Doubtful]:
        """The `few` partners with which each lot, or each demand, gains most over both prices.

        Pairs of which a hair's breadth of distance decides are left out and given apart, all of them that
        might gain. The same whatever the number of threads, as each order's partners are its own.
        """
        size = self._sizes[0 if of_lots else 1]
        best = Best(
            np.zeros((size, few), np.int64),
            np.full((size, few), -1, np.int32),
            np.zeros((size, few), np.int64),
        )
        copies = [side._replace(money=side.money.copy(), bounds=side.bounds.copy()) for side in self._sides]
        leaves = len(copies[0 if of_lots else 1].bounds) // 2
        begins = iter(range(0, leaves, AT_ONCE))

        def work(begins: Iterator[int]) -> list[Doubtful]:
            parts = ((begin, min(begin + AT_ONCE, leaves)) for begin in begins)
            return [scan(part, self._common, copies[0], copies[1], of_lots, best) for part in parts]

        threads = os.cpu_count() or 1
        with ThreadPoolExecutor(threads) as pool:
            found = [part for parts in pool.map(work, [begins] * threads) for part in parts]
        return best, np.concatenate([np.empty((2, 0), np.int32), *found], axis=1)

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self._lots, self._demands


def _common(book: Book, ties: Ties, lots: NDArray[np.void], demands: NDArray[np.void]) -> Common:
    """The figures of the terms; a metre more on each rounding, so that no pair is lost to one."""
    terms = book.terms
    straight = 100 / terms.road_factor_percent  # a chord is never longer than this part of its road
    per_dong = straight * 1e6 / terms.dong_per_tonne_km if terms.dong_per_tonne_km else np.inf
    own = book.demands.max_distance
    furthest = float(own.max()) if len(own) and own.min() >= 0 else np.inf
    furthest = min(furthest, terms.max_distance) if terms.max_distance >= 0 else furthest
    certificate = book.certificates[0]
    bit = np.left_shift(np.uint64(1), book.lots.certificate_scheme[certificate].astype(np.uint64))
    return Common(
        lots=lots,
        demands=demands,
        metres_per_dong=per_dong + 4,
        reach=furthest * straight + 2,
        max_distance=terms.max_distance,
        road_factor_percent=terms.road_factor_percent,
        metres_per_hour=1000 * terms.speed_km_per_hour,
        hours=terms.departure_hour + terms.loading_hours,
        fixed=terms.fixed_dong_per_kg,
        dong_per_tonne_km=terms.dong_per_tonne_km,
        percent=terms.freshness_penalty_percent,
        shift=ties.shift,
        low=ties.low,
        hash_bits=ties.hash_bits,
        declined=book.declined_codes,
        scheme=bit,
        valid_from=book.lots.certificate_from[certificate],
        valid_until=book.lots.certificate_until[certificate],
    )


def _lots(book: Book, ties: Ties, price: Longs) -> tuple[Side, NDArray[np.void]]:
    lots, terms = book.lots, book.terms
    leave = np.maximum(lots.harvest_from, terms.today)
    arrival = leave + (terms.departure_hour + terms.loading_hours) // 24  # were there no way to go
    has = lots.grade, lots.ocop_stars, -arrival, lots.harvest_until + lots.shelf_life
    levels = np.stack(has, axis=1).astype(np.int32)
    bounds = *(-levels.T), -lots.harvest_until, -lots.shelf_life
    begin = book.certificates[1]
    columns = {
        "leave": leave, "first": begin[:-1], "last": begin[1:], "multiple": np.maximum(lots.multiple, 1),
        "early": ties.lot_early, "mark": ties.lot_mark, "price": price,
    }  # fmt: skip
    money = lots.ask + ties.dong(price)
    return _side(book, money, book.lot_points, levels, bounds, _rows(LOT, lots, columns))


def _demands(book: Book, ties: Ties, price: Longs) -> tuple[Side, NDArray[np.void]]:
    demands = book.demands
    fresh = demands.deliver_from + np.maximum(demands.min_shelf_life, 0)
    needs = demands.min_grade, demands.min_ocop_stars, -demands.deliver_until, fresh
    levels = np.stack(needs, axis=1).astype(np.int32)
    bounds = *levels.T, demands.deliver_from, demands.bid
    columns = {
        "certificates": demands.certificates_required | demands.gate_certificates,
        "early": ties.demand_early, "mark": ties.demand_mark, "price": price,
    }  # fmt: skip
    money = book.terms.fixed_dong_per_kg + ties.dong(price) - demands.bid
    return _side(book, money, book.demand_points, levels, bounds, _rows(DEMAND, demands, columns))


def _rows(dtype: np.dtype[Any], table: Any, columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
    rows = np.zeros(len(table), dtype)
    for name in dtype.names or ():
        rows[name] = (
            np.arange(len(table)) if name == "place" else columns.get(name, getattr(table, name, None))
        )
    return rows


def _side(
    book: Book,
    money: Longs,
    points: NDArray[np.float64],
    levels: Places,
    bounds: tuple[NDArray[Any], ...],
    rows: NDArray[np.void],
) -> tuple[Side, NDArray[np.void]]:
    """In a tree of boxes whose orders are near each other and have about the same money."""
    points = points * EARTH_RADIUS
    way = points * (book.terms.dong_per_tonne_km * book.terms.road_factor_percent / 1e8)
    leaves = tree.leaves_of(len(money))
    sequence = tree.grouped(np.column_stack([way, money / 2]), leaves)
    least = np.column_stack([points, -points, money, *bounds]).astype(np.float64)[sequence]
    side = Side(money[sequence], points[sequence], levels[sequence], tree.lowest(least, leaves))
    return side, rows[sequence]

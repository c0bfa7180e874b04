"""A standing book beside the plain list of its orders: each change is told to one and made in the other."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from matcher.clearing import Clearing, Demands, Lots, Terms, clear
from matcher.clearing.pairs import Book
from matcher.clearing.search.candidates import whole
from matcher.clearing.standing.change import ALL_OF_IT, Change, Keys, Settled
from matcher.clearing.standing.standing import Standing
from matcher.clearing.terms import minimum
from matcher.trading.record.subset import joined, subset

TableT = TypeVar("TableT", Lots, Demands)
Pair = tuple[int, int]  # keys


class Present:
    """`matches` is what the answers add up to, g by (lot key, demand key); prices likewise, by key."""

    def __init__(self, lots: Lots, demands: Demands, terms: Terms, effort: int = ALL_OF_IT) -> None:
        self.effort = effort
        self.none = subset(lots, []), subset(demands, [])
        self.lots, self.demands, self.terms = _rows(lots), _rows(demands), terms
        self.declined: set[Pair] = set()
        self._begin()

    def _begin(self) -> None:
        lots, demands = self.tables()
        self.standing = Standing(lots, demands, self.terms, self._declined())
        found = self.standing.clearing
        pairs = zip(lots.key[found.lot].tolist(), demands.key[found.demand].tolist(), strict=True)
        self.matches: dict[Pair, int] = dict(zip(pairs, found.quantity.tolist(), strict=True))
        self.lot_prices = dict(zip(lots.key.tolist(), found.lot_price.tolist(), strict=True))
        self.demand_prices = dict(zip(demands.key.tolist(), found.demand_price.tolist(), strict=True))

    def tables(self) -> tuple[Lots, Demands]:
        """The orders as they are, in the order of their keys."""
        lots = [self.lots[key] for key in sorted(self.lots)]
        demands = [self.demands[key] for key in sorted(self.demands)]
        return joined([self.none[0], *lots]), joined([self.none[1], *demands])

    def clear(self) -> Clearing:
        return clear(*self.tables(), self.terms, self._declined())

    def post(self, lots: Lots | None = None, demands: Demands | None = None) -> Settled | None:
        """New orders, or old ones as they are now."""
        return self._settle(lots or self.none[0], demands or self.none[1])

    def withdraw(self, lots: list[int], demands: list[int]) -> Settled | None:
        return self._settle(*self.none, gone=(lots, demands))

    def take(self, pair: Pair) -> Settled | None:
        """Makes the match one for good: its quantity leaves both orders."""
        lot, demand, taken = self.lots[pair[0]], self.demands[pair[1]], self.matches[pair]
        lot = replace(lot, quantity=lot.quantity - taken)
        fill = np.maximum(demand.min_fill - taken, 0)
        sellers = np.where(demand.max_sellers > 0, demand.max_sellers - 1, 0)
        full = demand.quantity[0] == taken or (demand.max_sellers[0] == 1)
        demand = replace(demand, quantity=demand.quantity - taken, min_fill=fill, max_sellers=sellers)
        lots, gone_lots = (lot, []) if lot.quantity[0] else (self.none[0], [pair[0]])
        demands, gone_demands = (self.none[1], [pair[1]]) if full else (demand, [])
        return self._settle(lots, demands, gone=(gone_lots, gone_demands), taken=(pair, taken))

    def decline(self, pair: Pair) -> Settled | None:
        """The two are not to be proposed to each other any more."""
        self.declined.add(pair)
        return self._settle(self.lots[pair[0]], self.demands[pair[1]], declined=pair)

    def go_on(self) -> Settled | None:
        """With what was put off."""
        return self._settle(*self.none)

    def verify(self) -> None:
        """That prices and matches are right for the orders as they are."""
        self.standing.check()
        lots, demands = self.tables()
        place = _places(lots), _places(demands)
        used = [(place[0][lot], place[1][demand], taken) for (lot, demand), taken in self.matches.items()]
        columns = np.array(used, np.int64).reshape(-1, 3)
        book = Book(lots, demands, self.terms, np.zeros((0, 2), np.int64))
        ends = columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int32)
        some = np.zeros(len(columns), np.int64)
        minimum.verify(minimum.problem(book, *ends, some, some), columns[:, 2])
        pairs = whole(replace(book, declined=np.array(self._declined(), np.int64).reshape(-1, 2)))
        prices = (
            np.array([prices.get(key, 0) for key in table.key.tolist()], np.int64)
            for prices, table in ((self.lot_prices, lots), (self.demand_prices, demands))
        )
        lot_price, demand_price = prices
        assert (lot_price[pairs.lot] + demand_price[pairs.demand] >= pairs.value).all()

    def _settle(
        self,
        lots: Lots,
        demands: Demands,
        gone: tuple[list[int], list[int]] = ([], []),
        taken: tuple[Pair, int] | None = None,
        declined: Pair | None = None,
    ) -> Settled | None:
        self.lots = {key: lot for key, lot in (self.lots | _rows(lots)).items() if key not in gone[0]}
        self.demands |= _rows(demands)
        self.demands = {key: demand for key, demand in self.demands.items() if key not in gone[1]}
        change = Change(
            lots=lots,
            demands=demands,
            gone_lots=_keys(*gone[0]),
            gone_demands=_keys(*gone[1]),
            taken_lot=_keys(*(taken[0][:1] if taken else ())),
            taken_demand=_keys(*(taken[0][1:] if taken else ())),
            taken=np.array([taken[1]] if taken else [], np.int64),
            declined_lot=_keys(*(declined[:1] if declined else ())),
            declined_demand=_keys(*(declined[1:] if declined else ())),
            effort=self.effort,
        )
        settled = self.standing.settle(change)
        if settled is None:
            self._begin()
            return None
        self._apply(settled)
        return settled

    def _apply(self, settled: Settled) -> None:
        columns = settled.lot.tolist(), settled.demand.tolist(), settled.quantity.tolist()
        for lot, demand, quantity in zip(*columns, strict=True):
            assert self.matches.pop((lot, demand), 0) != quantity, "only what is another is told"
            if quantity:
                self.matches[lot, demand] = quantity
        self.lot_prices |= dict(zip(settled.priced_lot.tolist(), settled.lot_price.tolist(), strict=True))
        prices = zip(settled.priced_demand.tolist(), settled.demand_price.tolist(), strict=True)
        self.demand_prices |= dict(prices)

    def _declined(self) -> list[Pair]:
        place = _places(self.tables()[0]), _places(self.tables()[1])
        return [
            (place[0][lot], place[1][demand])
            for lot, demand in sorted(self.declined)
            if lot in self.lots and demand in self.demands
        ]


def _rows(table: TableT) -> dict[int, TableT]:
    return {key: subset(table, [place]) for place, key in enumerate(table.key.tolist())}


def _places(table: Lots | Demands) -> dict[int, int]:
    return {key: place for place, key in enumerate(table.key.tolist())}


def _keys(*keys: int) -> Keys:
    return np.array(keys, np.uint64)

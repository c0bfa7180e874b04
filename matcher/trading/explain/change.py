"""A change of one order, and the pair of orders on which it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from matcher.clearing import Demands, Lots, Terms
from matcher.clearing.pairs import Book, Pairs
from matcher.figures import number
from matcher.trading.explain.reasons import REASONS

Side = Literal["lot", "demand"]


@dataclass(frozen=True)
class Change:
    """One field of the lot or of the demand, what it is now, and what it would have to be.

    Both are as in a post, quantities as decimal strings of kg, None where a post says nothing; of
    `certificates` they are the schemes valid on the day of delivery. `vi` and `en` say in words what to do.
    """

    side: Side
    field: str
    now: int | str | list[str] | None
    needed: int | str | list[str] | None
    vi: str
    en: str


def price_change(side: Side, now: int, needed: int) -> Change:
    """Of a lot's ask, which has to fall to `needed`, or of a demand's bid, which has to rise to it, đ/kg."""
    vi, en = (f"{number(abs(needed - now), language)} đ/kg" for language in ("vi", "en"))
    if side == "lot":
        return Change("lot", "ask", now, needed, f"hạ giá chào {vi}", f"ask {en} less")
    return Change("demand", "bid", now, needed, f"nâng giá mua {vi}", f"bid {en} more")


@dataclass(frozen=True)
class Pair:
    """One lot and one demand by themselves, with the terms they were cleared under.

    Their quantities are what was left of them; `own_taken` g of the one whose owner asks had been taken.
    """

    lot: Lots
    demand: Demands
    terms: Terms
    own_taken: int = 0

    @property
    def pairs(self) -> Pairs:
        book = Book(self.lot, self.demand, self.terms, np.zeros((0, 2), np.int64))
        return Pairs(book, np.zeros(1, np.intp), np.zeros(1, np.intp))

    def figure(self, name: str) -> int:
        """A figure of the pair (`road`, `delivery_day`, `age`, `value` …), or a column of either order."""
        for holder in (self.pairs, self.lot, self.demand):
            if hasattr(holder, name):
                return int(getattr(holder, name)[0])
        raise AttributeError(name)

    def with_lot(self, **columns: int) -> "Pair":
        return replace(self, lot=_changed(self.lot, columns))

    def with_demand(self, **columns: int) -> "Pair":
        return replace(self, demand=_changed(self.demand, columns))

    def keeps_all(self) -> bool:
        """Whether nothing keeps the two apart."""
        pairs = self.pairs
        return all(keeps(pairs)[0] for keeps in REASONS.values())


def _changed(table: Any, columns: Mapping[str, int]) -> Any:
    return replace(table, **{name: np.array([value]) for name, value in columns.items()})

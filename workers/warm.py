"""A worker that clears has the machine code of the clearing before its first ring, and before its pool forks.

The first time on a machine numba compiles it, a minute or two long, and keeps it; later it is only loaded.
"""

from typing import Any

import numpy as np
from celery import signals
from numpy.random import Generator
from numpy.typing import NDArray

from matcher.clearing import Demands, Lots, Terms
from matcher.clearing.find import solved
from matcher.clearing.search import candidates
from matcher.clearing.search.candidates import Inside
from matcher.clearing.standing.change import Change, Keys
from matcher.clearing.standing.standing import Standing
from matcher.trading.record.subset import subset

CLEARING = {"clearing", "standing"}  # queues
ORDERS = 12  # a side: enough that not all can be proven, so that every way of searching is taken
DAY = 730_000  # any will do


def connect() -> None:
    """Has every worker that clears load the clearing when it starts."""
    signals.celeryd_after_setup.connect(_after_setup, weak=False)


def _after_setup(instance: Any, **_: object) -> None:
    if CLEARING & set(instance.app.amqp.queues.consume_from):
        warm()


def warm() -> None:
    """Clears a small book with minimum terms in all ways, and has it stand while orders come and go."""
    lots, demands, terms = _book()
    begun = solved(lots, demands, terms, np.zeros((0, 2), np.int64))
    everyone = Inside(np.ones(ORDERS, np.bool_), np.ones(ORDERS, np.bool_))
    # As in large books, and in those cut short.
    candidates.first(begun.book, begun.ties, everyone, begun.network.demand_price)
    candidates.nearest(begun.book)
    most = range(1, ORDERS)
    standing = Standing(subset(lots, most), subset(demands, most), terms)
    standing.settle(change(subset(lots, [0]), subset(demands, [0]), lots.key[:0]))
    standing.settle(change(subset(lots, []), subset(demands, []), lots.key[:4]))


def change(lots: Lots, demands: Demands, gone: Keys) -> Change:
    """Orders that come, and the keys of lots that go."""
    none = np.zeros(0, np.uint64)
    return Change(lots, demands, gone, none, none, none, np.zeros(0, np.int64), none, none)


def _book() -> tuple[Lots, Demands, Terms]:
    """Orders all over the country, of many sizes and prices, with a minimum term each."""
    random = np.random.default_rng(1)
    lots = _orders(Lots, random) | {
        "ask": random.integers(10_000, 30_000, ORDERS),
        "harvest_from": np.full(ORDERS, DAY),
        "harvest_until": np.full(ORDERS, DAY + 9),
        "shelf_life": np.full(ORDERS, 9),
    }
    demands = _orders(Demands, random) | {
        "bid": random.integers(20_000, 40_000, ORDERS),
        "deliver_from": np.full(ORDERS, DAY),
        "deliver_until": np.full(ORDERS, DAY + 9),
        "gate_until": np.full(ORDERS, DAY + 99),
        "max_distance": np.full(ORDERS, -1),
    }
    lots |= {"min_take": lots["quantity"] // 3}
    demands |= {"min_fill": demands["quantity"] // 2}
    return Lots(**lots), Demands(**demands), Terms(DAY, 3, 5, 40, 130, 100, 3_000, 25, -1, 50)


def _orders(kind: type[Lots] | type[Demands], random: Generator) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {
        name: np.zeros(0 if name in kind.ELSEWHERE else ORDERS, dtype) for name, dtype in kind.COLUMNS.items()
    }
    return columns | {
        "key": np.arange(ORDERS, dtype=np.uint64),
        "latitude": random.uniform(9, 23, ORDERS),
        "longitude": random.uniform(103, 109, ORDERS),
        "quantity": random.integers(200, 20_000, ORDERS) * 1_000,
        "party": np.full(ORDERS, 1 if kind is Lots else 2),
    }

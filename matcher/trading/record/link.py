"""What a clearing keeps that settled a change of a standing book: the change, and what it did to the matches.

Such clearings are the links of a chain. Its base keeps the whole book, each link only what is another since
the one before; folded into the base they give the book as any of them saw it.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import Demands, Lots
from matcher.clearing.pairs import Book, Pairs
from matcher.clearing.standing.change import ALL_OF_IT, Change, Keys, Longs, Settled
from matcher.clearing.value import price
from matcher.trading.record.record import Arrays, Input
from matcher.trading.record.subset import joined, subset

TableT = TypeVar("TableT", Lots, Demands)
KeyPair = tuple[int, int]
_KEYS = tuple(field.name for field in fields(Change) if field.name not in ("lots", "demands", "effort"))
RESULT = (
    "lot", "demand", "quantity", "priced_lot", "lot_price", "priced_demand", "demand_price",
    "refused_lots", "refused_demands",
)  # fmt: skip


@dataclass(frozen=True)
class Link:
    """`lot_ids` and `demand_ids` are those of `change.lots` and `change.demands`; `result` has RESULT."""

    change: Change
    lot_ids: Sequence[str]
    demand_ids: Sequence[str]
    result: Arrays


def pack_change(change: Change, lot_ids: Sequence[str], demand_ids: Sequence[str]) -> bytes:
    tables = {"lots": _columns(change.lots), "demands": _columns(change.demands)}
    keys = {name: getattr(change, name).tolist() for name in _KEYS}
    rest = {"lot_ids": lot_ids, "demand_ids": demand_ids, "effort": change.effort}
    return _packed(tables | keys | rest)


def pack_settled(settled: Settled) -> bytes:
    return _packed({name: getattr(settled, name).tolist() for name in RESULT})


def unpack_link(change: bytes, settled: bytes) -> Link:
    """Raises ValueError when the bytes are not what `pack_change` and `pack_settled` made."""
    given, result = _unpacked(change), _unpacked(settled)
    keys: dict[str, Any] = {
        name: np.array(given[name], np.int64 if name == "taken" else np.uint64) for name in _KEYS
    }
    lots, demands = _table(Lots, given["lots"]), _table(Demands, given["demands"])
    return Link(
        Change(lots=lots, demands=demands, effort=given.get("effort", ALL_OF_IT), **keys),
        given["lot_ids"],
        given["demand_ids"],
        {name: np.array(result[name], _dtype(name)) for name in RESULT},
    )


def folded(base: Input, result: Arrays, links: Sequence[Link]) -> tuple[Input, Arrays]:
    """The book, and the result of a clearing, as they were after all of `links`."""
    if not links:
        return base, result
    lots, lot_ids = _fold(
        base.lots, base.lot_ids, [(e.change.lots, e.lot_ids, e.change.gone_lots) for e in links]
    )
    demands, demand_ids = _fold(
        base.demands,
        base.demand_ids,
        [(e.change.demands, e.demand_ids, e.change.gone_demands) for e in links],
    )
    places = _Places(lots, demands)
    declined = np.array(sorted(places.known(_declined(base, links))), np.int32).reshape(-1, 2)
    given = Input(lots, demands, base.terms, declined, lot_ids, demand_ids, base.keys)
    return given, _result(base, result, links, given, places)


class _Places:
    """Where orders stand in the tables, by their keys."""

    def __init__(self, lots: Lots, demands: Demands) -> None:
        self.lot = {key: place for place, key in enumerate(lots.key.tolist())}
        self.demand = {key: place for place, key in enumerate(demands.key.tolist())}

    def known(self, pairs: Iterable[KeyPair]) -> Iterator[KeyPair]:
        """The places of those pairs of which both orders are there."""
        for lot, demand in pairs:
            if lot in self.lot and demand in self.demand:
                yield self.lot[lot], self.demand[demand]


def _fold(
    base: TableT, ids: Sequence[str], changes: Sequence[tuple[TableT, Sequence[str], Keys]]
) -> tuple[TableT, list[str]]:
    """The orders of the base and of the changes that are still there, each as it was last, and their ids."""
    last: dict[int, tuple[int, int] | None] = {}
    for number, (table, _, gone) in enumerate(changes):
        last |= dict.fromkeys(gone.tolist())
        last |= {key: (number, place) for place, key in enumerate(table.key.tolist())}
    kept = np.flatnonzero(~np.isin(base.key, np.array(list(last), np.uint64))).tolist()
    parts, all_ids = [subset(base, kept)], [ids[place] for place in kept]
    for number, (table, own_ids, _) in enumerate(changes):
        places = [at[1] for at in last.values() if at is not None and at[0] == number]
        parts.append(subset(table, places))
        all_ids += [own_ids[place] for place in places]
    return joined(parts), all_ids


def _declined(base: Input, links: Sequence[Link]) -> set[KeyPair]:
    lots, demands = base.lots.key[base.declined[:, 0]], base.demands.key[base.declined[:, 1]]
    declined = set(zip(lots.tolist(), demands.tolist(), strict=True))
    for link in links:
        change = link.change
        declined |= set(zip(change.declined_lot.tolist(), change.declined_demand.tolist(), strict=True))
    return declined


def _result(base: Input, result: Arrays, links: Sequence[Link], given: Input, places: "_Places") -> Arrays:
    quantities = dict(
        zip(
            zip(
                base.lots.key[result["lot"]].tolist(),
                base.demands.key[result["demand"]].tolist(),
                strict=True,
            ),
            result["quantity"].tolist(),
            strict=True,
        )
    )
    for link in links:
        pairs = zip(link.result["lot"].tolist(), link.result["demand"].tolist(), strict=True)
        quantities |= dict(zip(pairs, link.result["quantity"].tolist(), strict=True))
    matched = sorted((pair, quantity) for pair, quantity in quantities.items() if quantity)
    lot = np.array([places.lot[pair[0]] for pair, _ in matched], np.int32)
    demand = np.array([places.demand[pair[1]] for pair, _ in matched], np.int32)
    last = links[-1].result
    return _figures(given, lot, demand) | {
        "lot": lot,
        "demand": demand,
        "quantity": np.array([quantity for _, quantity in matched], np.int64),
        "lot_price": _prices("lot", base.lots, given.lots, result, links),
        "demand_price": _prices("demand", base.demands, given.demands, result, links),
        "refused_lots": _sorted_places(last["refused_lots"], places.lot),
        "refused_demands": _sorted_places(last["refused_demands"], places.demand),
    }


def _figures(given: Input, lot: NDArray[np.int32], demand: NDArray[np.int32]) -> Arrays:
    book = Book(given.lots, given.demands, given.terms, np.zeros((0, 2), np.int64))
    pairs = Pairs(book, lot.astype(np.intp), demand.astype(np.intp))
    ask, bid = given.lots.ask[pairs.lot], given.demands.bid[pairs.demand]
    return {
        "price": price(ask, bid, pairs.transport, given.terms.seller_share_percent),
        "value": pairs.value,
        "distance": pairs.road,
        "delivery_day": pairs.delivery_day,
        "age": pairs.age,
    }


def _prices(
    side: str, before: Lots | Demands, now: Lots | Demands, result: Arrays, links: Sequence[Link]
) -> Longs:
    prices = dict(zip(before.key.tolist(), result[f"{side}_price"].tolist(), strict=True))
    for link in links:
        priced = link.result[f"priced_{side}"].tolist()
        prices |= dict(zip(priced, link.result[f"{side}_price"].tolist(), strict=True))
    return np.array([prices.get(key, 0) for key in now.key.tolist()], np.int64)


def _sorted_places(keys: NDArray[np.uint64], place: Mapping[int, int]) -> NDArray[np.int32]:
    return np.array(sorted(place[key] for key in keys.tolist()), np.int32)


def _columns(table: Lots | Demands) -> dict[str, Any]:
    return {name: getattr(table, name).tolist() for name in table.COLUMNS}


def _table(kind: type[TableT], columns: Mapping[str, Sequence[Any]]) -> TableT:
    return kind(**{name: np.array(columns[name], dtype) for name, dtype in kind.COLUMNS.items()})


def _dtype(name: str) -> type[np.generic]:
    return np.int64 if name in ("quantity", "lot_price", "demand_price") else np.uint64


def _packed(said: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(said, separators=(",", ":")).encode(), 1)


def _unpacked(packed: bytes) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError) as error:
        raise ValueError("not what a clearing that settled a change keeps") from error
    return said

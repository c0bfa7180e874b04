"""I5: what a clearing says it found is what it made matches of, read from its record alone.

A clearing with a base keeps only what is another since the clearing before: zlib and JSON, orders named by
the lower half of their ids. The others keep all, as NumPy archives.
"""

import io
import json
import zlib
from collections import defaultdict
from typing import Any

import numpy as np

from chaos.violations import Connection, Violation, rows

Pair = tuple[str, str]
CLEARINGS = """
    SELECT id, base_id, book_version, input, result FROM clearing
    ORDER BY coalesce(base_id, id), link
"""
CHANGED = "SELECT id, changed_in FROM lot UNION ALL SELECT id, changed_in FROM demand"
TENTATIVE = "SELECT lot_id, demand_id FROM tentative_match"
MADE = "SELECT clearing_id, lot_id, demand_id, quantity_g, price FROM match"


def clearings(connection: Connection) -> list[Violation]:
    """Each match is one that its clearing found, to the gram, and to the đồng where it looked at all.

    What it found is made at once, but for demands of which an order changed meanwhile, and tentative matches.
    """
    changed = {str(order): changed_in for order, changed_in in rows(connection, CHANGED)}
    halves = {int(order.replace("-", ""), 16) & (2**64 - 1): order for order in changed}
    tentative = {(str(lot), str(demand)) for lot, demand in rows(connection, TENTATIVE)}
    made: dict[str, dict[Pair, tuple[int, int]]] = defaultdict(dict)
    for clearing, lot, demand, quantity_g, price in rows(connection, MADE):
        made[str(clearing)][str(lot), str(demand)] = quantity_g, price
    found: list[Violation] = []
    stored: dict[Pair, tuple[int, int | None]] = {}
    for clearing, base, version, given, result in connection.execute(CLEARINGS.encode()):
        if result is None or given is None:
            found.append(Violation("I5", f"clearing {clearing} has no stored input or result"))
            continue
        stored = _whole(given, result) if base is None else _changed(stored, result, halves)
        own = made.get(str(clearing), {})
        if any(_differs(stored.get(pair), match) for pair, match in own.items()):
            sentence = f"clearing {clearing}: its matches are not those of its stored result"
            found.append(Violation("I5", sentence))
        left = {pair[1] for pair in stored if pair not in own and pair not in tentative}
        late = {pair[1] for pair in stored if max(changed[order] for order in pair) > version}
        if left - late:
            found.append(Violation("I5", f"clearing {clearing} found matches that were never made"))
    return found


def _differs(stored: tuple[int, int | None] | None, match: tuple[int, int]) -> bool:
    return stored is None or stored[0] != match[0] or stored[1] not in (None, match[1])


def _whole(given: bytes, result: bytes) -> dict[Pair, tuple[int, int | None]]:
    with np.load(io.BytesIO(given), allow_pickle=False) as archive:
        words = json.loads(archive["words"].tobytes())
    with np.load(io.BytesIO(result), allow_pickle=False) as archive:
        columns = [archive[name].tolist() for name in ("lot", "demand", "quantity", "price")]
    return {
        (words["lot_ids"][lot], words["demand_ids"][demand]): (quantity, price)
        for lot, demand, quantity, price in zip(*columns, strict=True)
    }


def _changed(
    before: dict[Pair, tuple[int, int | None]], result: bytes, halves: dict[int, str]
) -> dict[Pair, tuple[int, int | None]]:
    said: dict[str, Any] = json.loads(zlib.decompress(result))
    now = {pair: (quantity, None) for pair, (quantity, _) in before.items()}
    for lot, demand, quantity in zip(said["lot"], said["demand"], said["quantity"], strict=True):
        pair = halves[lot], halves[demand]
        now.pop(pair, None)
        if quantity:
            now[pair] = quantity, None
    return dict(now)

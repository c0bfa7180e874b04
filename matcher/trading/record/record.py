"""What a clearing was given and what it found, packed small: any clearing can be run again and explained."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import Clearing, Demands, Lots, Terms
from matcher.trading.snapshot import Snapshot

Arrays = dict[str, NDArray[Any]]
RESULT = (
    "lot", "demand", "quantity", "price", "value", "distance", "delivery_day", "age",
    "lot_price", "demand_price", "refused_lots", "refused_demands",
)  # fmt: skip


@dataclass
class Input:
    """What `matcher.clearing.clear` was given, with the ids of the orders in the arrays' order.

    `keys` are the catalogue's words behind numbers: `schemes` by code, `varieties` from 1, `grades` by rank.
    """

    lots: Lots
    demands: Demands
    terms: Terms
    declined: NDArray[np.int32]
    lot_ids: Sequence[str]
    demand_ids: Sequence[str]
    keys: Mapping[str, Sequence[str]]
    quickly: bool = False


def pack(snapshot: Snapshot, quickly: bool) -> bytes:
    """The snapshot's arrays, and whether they are cleared quickly, as a compressed NumPy archive."""
    arrays = {f"lots.{name}": array for name, array in _arrays(snapshot.lots).items()}
    arrays |= {f"demands.{name}": array for name, array in _arrays(snapshot.demands).items()}
    words = {
        "terms": asdict(snapshot.terms),
        "lot_ids": [str(lot.id) for lot in snapshot.lot_rows],
        "demand_ids": [str(demand.id) for demand in snapshot.demand_rows],
        "keys": snapshot.keys,
        "quickly": quickly,
    }
    return _archive(arrays | {"declined": snapshot.declined, "words": _bytes(words)})


def unpack(packed: bytes) -> Input:
    """Raises ValueError when the bytes are not what `pack` made."""
    archive = _opened(packed, "the input of a clearing")
    words = json.loads(archive["words"].tobytes())
    lots = Lots(**{field.name: archive[f"lots.{field.name}"] for field in fields(Lots)})
    demands = Demands(**{field.name: archive[f"demands.{field.name}"] for field in fields(Demands)})
    return Input(
        lots=lots,
        demands=demands,
        terms=Terms(**words["terms"]),
        declined=archive["declined"],
        lot_ids=words["lot_ids"],
        demand_ids=words["demand_ids"],
        keys=words["keys"],
        quickly=words.get("quickly", False),
    )


def pack_result(result: Clearing) -> bytes:
    """The columns RESULT of what was found."""
    return _archive({name: getattr(result, name) for name in RESULT})


def unpack_result(packed: bytes) -> Arrays:
    """The columns RESULT by name. Raises ValueError when the bytes are not what `pack_result` made."""
    return _opened(packed, "the result of a clearing")


def _archive(arrays: Arrays) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def _opened(packed: bytes, what: str) -> Arrays:
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
            return dict(archive)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise ValueError(f"not {what}") from error


def _bytes(words: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)


def _arrays(orders: Lots | Demands) -> Arrays:
    return {field.name: getattr(orders, field.name) for field in fields(orders)}

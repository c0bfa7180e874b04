"""The input of a clearing, packed small, so that any clearing can be run again."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import Demands, Lots, Terms
from matcher.trading.snapshot import Snapshot


@dataclass
class Input:
    """What `matcher.clearing.clear` was given, with the ids of the orders in the arrays' order."""

    lots: Lots
    demands: Demands
    terms: Terms
    declined: NDArray[np.int32]
    lot_ids: list[str]
    demand_ids: list[str]


def pack(snapshot: Snapshot) -> bytes:
    """The snapshot's arrays as a compressed NumPy archive."""
    arrays = {f"lots.{name}": array for name, array in _arrays(snapshot.lots).items()}
    arrays |= {f"demands.{name}": array for name, array in _arrays(snapshot.demands).items()}
    words = {
        "terms": asdict(snapshot.terms),
        "lot_ids": [str(lot.id) for lot in snapshot.lot_rows],
        "demand_ids": [str(demand.id) for demand in snapshot.demand_rows],
    }
    arrays["declined"] = snapshot.declined
    arrays["words"] = np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def unpack(packed: bytes) -> Input:
    """Raises ValueError when the bytes are not what `pack` made."""
    try:
        archive = np.load(io.BytesIO(packed), allow_pickle=False)
        words = json.loads(archive["words"].tobytes())
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError("not the input of a clearing") from error
    lots = Lots(**{field.name: archive[f"lots.{field.name}"] for field in fields(Lots)})
    demands = Demands(**{field.name: archive[f"demands.{field.name}"] for field in fields(Demands)})
    return Input(
        lots, demands, Terms(**words["terms"]), archive["declined"], words["lot_ids"], words["demand_ids"]
    )


def _arrays(orders: Lots | Demands) -> dict[str, NDArray[np.generic]]:
    return {field.name: getattr(orders, field.name) for field in fields(orders)}

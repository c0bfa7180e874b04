"""The book as the clearing sees it: its rows turned into arrays of numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.catalogue import Catalogue, Crop
from matcher.clearing import BadInput, Demands, Lots, Terms
from matcher.store.tables import Contract, Demand, Lot, Match
from matcher.trading.gates import OpenGate, open_gate

OrderT = TypeVar("OrderT", Lot, Demand)
RecordT = TypeVar("RecordT")
TableT = TypeVar("TableT", Lots, Demands)
Record = dict[str, int | float]
Certificate = tuple[int, int, int]  # scheme code, valid from, valid until: day ordinals
LotRecord = tuple[Record, list[Certificate]]
OUT_OF_RANGE = (BadInput, OverflowError)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Snapshot:
    """One book at one moment: index i of the arrays `lots` is `lot_rows[i]`; likewise for demands.

    The rows are for reading only: they have the columns of Lot and Demand, and no session knows of them.
    `unreadable` are open orders that could not be turned into numbers, with the reason; they are in no array.
    `keys` are the words behind numbers: certificate schemes by code, varieties from 1, grades by rank.
    """

    lot_rows: Sequence[Lot]
    demand_rows: Sequence[Demand]
    lots: Lots
    demands: Demands
    terms: Terms
    declined: NDArray[np.int32]
    unreadable: Mapping[UUID, str]
    keys: Mapping[str, Sequence[str]]


def take_snapshot(
    session: Session, crop: Crop, catalogue: Catalogue, today: date, seller_share_percent: int
) -> Snapshot:
    """Reads the crop's open orders and locks their rows until the clearing is written."""
    codes = _Codes(catalogue)
    sellers = _sellers_so_far(session, crop)
    unreadable: dict[UUID, str] = {}

    def lot_record(lot: Lot) -> LotRecord:
        return _lot_record(lot, crop, codes), [codes.certificate(held) for held in lot.certificates]

    def demand_record(demand: Demand) -> Record | None:
        return _demand_record(demand, crop, codes, sellers.get(demand.id, 0))

    lot_rows, lots = _read(session, Lot, crop, lot_record, _lots, unreadable)
    demand_rows, demands = _read(session, Demand, crop, demand_record, _demands, unreadable)
    return Snapshot(
        lot_rows,
        demand_rows,
        lots,
        demands,
        _terms(catalogue, today, seller_share_percent),
        _declined(session, crop, lot_rows, demand_rows),
        unreadable,
        {"schemes": [*codes.schemes], "varieties": crop.variety_keys, "grades": crop.grade_keys[::-1]},
    )


def _lots(records: Sequence[LotRecord]) -> Lots:
    certificates = _certificate_columns([held for _, held in records])
    return Lots(**_columns(Lots, [record for record, _ in records]), **certificates)


def _demands(records: Sequence[Record]) -> Demands:
    return Demands(**_columns(Demands, records))


def _columns(table: type[Lots] | type[Demands], records: Sequence[Record]) -> dict[str, Any]:
    return {
        name: np.array([record[name] for record in records], dtype=dtype)
        for name, dtype in table.COLUMNS.items()
        if not name.startswith("certificate_") or table is Demands
    }


def _certificate_columns(certificates: Sequence[Sequence[Certificate]]) -> dict[str, Any]:
    rows = [(lot, *certificate) for lot, held in enumerate(certificates) for certificate in held]
    flat = np.array(rows, dtype=np.int32).reshape(-1, 4)
    names = ("certificate_lot", "certificate_scheme", "certificate_from", "certificate_until")
    return {name: flat[:, column] for column, name in enumerate(names)}


class _Codes:
    """Small whole numbers for what rows name by words."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.schemes = {key: code for code, key in enumerate(sorted(catalogue.certificates))}
        self._parties: dict[UUID, int] = {}
        self._catalogue = catalogue
        self._gates: dict[tuple[str, date, date], OpenGate] = {}

    def gate(self, crop: Crop, demand: Demand) -> OpenGate:
        asked = demand.market, demand.deliver_from, demand.deliver_until
        if asked not in self._gates:
            self._gates[asked] = open_gate(self._catalogue, crop, *asked)
        return self._gates[asked]

    def party(self, party_id: UUID) -> int:
        return self._parties.setdefault(party_id, len(self._parties))

    def certificate(self, certificate: Mapping[str, str]) -> Certificate:
        first, last = (date.fromisoformat(certificate[name]) for name in ("valid_from", "valid_until"))
        return self.schemes[certificate["scheme"]], first.toordinal(), last.toordinal()

    def scheme_mask(self, schemes: Sequence[str]) -> int:
        return sum(1 << self.schemes[scheme] for scheme in set(schemes))


def _read(
    session: Session,
    kind: type[OrderT],
    crop: Crop,
    record: Callable[[OrderT], RecordT | None],
    table: Callable[[Sequence[RecordT]], TableT],
    unreadable: dict[UUID, str],
) -> tuple[list[OrderT], TableT]:
    """The open orders and their table, without those that `record` gives None for or can not read."""
    query = (
        select(*kind.__table__.columns)
        .where(kind.crop == crop.key, kind.state == "open", kind.quarantine.is_(None))
        .order_by(kind.id)
        .with_for_update()
    )
    rows: list[OrderT] = []
    records: list[RecordT] = []
    # Plain rows, which have the attributes of an order and come in half the time.
    for row in cast("Iterable[OrderT]", session.execute(query)):
        # Whatever is wrong with one row must not keep the others from trading.
        try:
            said = record(row)
        except Exception as error:
            unreadable[row.id] = f"{type(error).__name__}: {error}"
            continue
        if said is not None:
            rows.append(row)
            records.append(said)
    try:
        return rows, table(records)
    except OUT_OF_RANGE:
        readable = [place for place in range(len(rows)) if _fits(table, rows, records, place, unreadable)]
        return [rows[place] for place in readable], table([records[place] for place in readable])


def _fits(
    table: Callable[[Sequence[RecordT]], TableT],
    rows: Sequence[OrderT],
    records: Sequence[RecordT],
    place: int,
    unreadable: dict[UUID, str],
) -> bool:
    """Whether a table can hold the record at this place by itself; noted in `unreadable` if not."""
    try:
        table(records[place : place + 1])
    except OUT_OF_RANGE as error:
        unreadable[rows[place].id] = f"{type(error).__name__}: {error}"
        return False
    return True


def _common(order: Lot | Demand, codes: _Codes) -> Record:
    return {
        "key": order.id.int & ((1 << 64) - 1),
        "posted": (order.posted_at - EPOCH) // datetime.resolution,
        "party": codes.party(order.party_id),
        "crop": 0,
        "quantity": order.quantity_g - order.taken_g,
        "min_take": order.min_take_g,
        "latitude": order.latitude,
        "longitude": order.longitude,
    }


def _lot_record(lot: Lot, crop: Crop, codes: _Codes) -> Record:
    return _common(lot, codes) | {
        "variety": 0 if lot.variety is None else 1 + crop.variety_keys.index(lot.variety),
        "grade": crop.grade_rank(lot.grade),
        "multiple": lot.multiple_g or 0,
        "ask": lot.ask,
        "harvest_from": lot.harvest_from.toordinal(),
        "harvest_until": lot.harvest_until.toordinal(),
        "shelf_life": crop.shelf_life_days["cool" if lot.storage == "cool" else "ambient"],
        "ocop_stars": lot.ocop_stars or 0,
        "growing_area": int(lot.growing_area_code is not None),
    }


def _demand_record(demand: Demand, crop: Crop, codes: _Codes, sellers: int) -> Record | None:
    """None for a demand that has taken from as many lots as it allows, or more since it was amended."""
    sellers_left = 0 if demand.max_sellers is None else demand.max_sellers - sellers
    if demand.max_sellers is not None and sellers_left <= 0:
        return None
    gate = codes.gate(crop, demand)
    return _common(demand, codes) | {
        "varieties": sum(1 << (1 + crop.variety_keys.index(variety)) for variety in set(demand.varieties)),
        "min_grade": crop.grade_rank(demand.min_grade),
        "min_fill": max(0, demand.min_fill_g - demand.taken_g),
        "max_sellers": sellers_left,
        "bid": demand.bid,
        "deliver_from": demand.deliver_from.toordinal(),
        "deliver_until": demand.deliver_until.toordinal(),
        "max_distance": -1 if demand.max_distance_m is None else demand.max_distance_m,
        "certificates_required": codes.scheme_mask(demand.certificates_required),
        "min_ocop_stars": demand.min_ocop_stars or 0,
        "min_shelf_life": demand.min_shelf_life_days,
        "gate_from": gate.first.toordinal(),
        "gate_until": gate.last.toordinal(),
        "gate_growing_area": int(gate.growing_area_code),
        "gate_certificates": codes.scheme_mask(gate.certificates),
    }


def _sellers_so_far(session: Session, crop: Crop) -> dict[UUID, int]:
    """How many lots each open demand that limits its sellers has already taken from."""
    query = (
        select(Match.demand_id, Match.lot_id)
        .join(Demand, Demand.id == Match.demand_id)
        .where(Demand.crop == crop.key, Demand.state == "open", Demand.max_sellers.is_not(None))
        .where(Match.released_at.is_(None))
        .distinct()
    )
    counts: dict[UUID, int] = {}
    for demand_id, _ in session.execute(query):
        counts[demand_id] = counts.get(demand_id, 0) + 1
    return counts


def _declined(
    session: Session, crop: Crop, lots: Sequence[Lot], demands: Sequence[Demand]
) -> NDArray[np.int32]:
    """Index pairs, shape (k, 2), whose contract was declined or has lapsed: they are not proposed again."""
    query = (
        select(Match.lot_id, Match.demand_id)
        .join(Contract, Contract.match_id == Match.id)
        .where(Match.crop == crop.key, Contract.signature.in_(("declined", "lapsed")))
    )
    lot_index = {lot.id: index for index, lot in enumerate(lots)}
    demand_index = {demand.id: index for index, demand in enumerate(demands)}
    pairs = [
        (lot_index[lot_id], demand_index[demand_id])
        for lot_id, demand_id in session.execute(query)
        if lot_id in lot_index and demand_id in demand_index
    ]
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)


def _terms(catalogue: Catalogue, today: date, seller_share_percent: int) -> Terms:
    tariff = catalogue.tariff
    return Terms(
        today=today.toordinal(),
        loading_hours=tariff.loading_hours,
        departure_hour=tariff.departure_hour,
        speed_km_per_hour=tariff.speed_km_per_hour,
        road_factor_percent=tariff.road_factor_percent,
        fixed_dong_per_kg=tariff.fixed_dong_per_kg,
        dong_per_tonne_km=tariff.dong_per_tonne_km,
        freshness_penalty_percent=tariff.freshness_penalty_percent,
        max_distance=tariff.max_distance_km * 1000,
        seller_share_percent=seller_share_percent,
    )

"""Orders as the clearing's numbers: rows of the ledger turned into the tables of `matcher.clearing`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import numpy as np

from matcher.catalogue import Catalogue, Crop
from matcher.clearing import BadInput, Demands, Lots, Terms
from matcher.clock import VIETNAM, day_of
from matcher.store.tables import Demand, Lot
from matcher.trading.failure import UNREADABLE, Failure, failure
from matcher.trading.gates import OpenGate, open_gate

RowT = TypeVar("RowT", Lot, Demand)
RecordT = TypeVar("RecordT")
TableT = TypeVar("TableT", Lots, Demands)
Record = dict[str, int | float]
Certificate = tuple[int, int, int]  # scheme code, valid from, valid until: day ordinals
LotRecord = tuple[Record, list[Certificate]]
OUT_OF_RANGE = (BadInput, OverflowError)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def key_of(order_id: UUID) -> int:
    """The clearing's 64-bit key of an order: the random half of its id."""
    return order_id.int & ((1 << 64) - 1)


class Numbers:
    """Turns the rows of one crop into tables, under the catalogue as it is on one day.

    `keys` are the words behind numbers: certificate schemes by code, varieties from 1, grades by rank.
    What is wrong with one row must not keep the others from trading: a row that can not be turned is left
    out, and named in `failures`.
    """

    def __init__(self, crop: Crop, catalogue: Catalogue) -> None:
        self.failures: dict[UUID, Failure] = {}
        self._crop, self._catalogue = crop, catalogue
        self._schemes = {key: code for code, key in enumerate(sorted(catalogue.certificates))}
        self._gates: dict[tuple[str, date, date], OpenGate] = {}
        self.keys: Mapping[str, Sequence[str]] = {
            "schemes": [*self._schemes],
            "varieties": [*crop.variety_keys],
            "grades": [*crop.grade_keys[::-1]],
        }

    def lots(self, rows: Iterable[Lot]) -> tuple[list[Lot], Lots]:
        """The rows that can be cleared, and their table."""
        return self._table(rows, self._lot, _lots)

    def demands(self, rows: Iterable[Demand], sellers: Mapping[UUID, int]) -> tuple[list[Demand], Demands]:
        """Likewise; `sellers` says from how many lots a demand that limits them has taken already.

        A demand that has taken from as many as it allows, or more since it was amended, is left out.
        """
        return self._table(rows, lambda row: self._demand(row, sellers.get(row.id, 0)), _demands)

    def _table(
        self,
        rows: Iterable[RowT],
        record: Callable[[RowT], RecordT | None],
        table: Callable[[Sequence[RecordT]], TableT],
    ) -> tuple[list[RowT], TableT]:
        kept: list[RowT] = []
        records: list[RecordT] = []
        for row in rows:
            try:
                said = record(row)
            except UNREADABLE:
                self.failures[row.id] = failure("unreadable")
                continue
            if said is not None:
                kept.append(row)
                records.append(said)
        try:
            return kept, table(records)
        except OUT_OF_RANGE:
            fitting = [place for place in range(len(kept)) if self._fits(table, kept[place], records[place])]
            return [kept[place] for place in fitting], table([records[place] for place in fitting])

    def _fits(self, table: Callable[[Sequence[RecordT]], TableT], row: Lot | Demand, record: RecordT) -> bool:
        """Whether a table can hold the record by itself."""
        try:
            table([record])
        except OUT_OF_RANGE:
            self.failures[row.id] = failure("unreadable")
            return False
        return True

    def _lot(self, lot: Lot) -> LotRecord:
        crop = self._crop
        return _common(lot) | {
            "variety": 0 if lot.variety is None else 1 + crop.variety_keys.index(lot.variety),
            "grade": crop.grade_rank(lot.grade),
            "multiple": lot.multiple_g or 0,
            "ask": lot.ask,
            "harvest_from": lot.harvest_from.toordinal(),
            "harvest_until": lot.harvest_until.toordinal(),
            "shelf_life": crop.shelf_life_days["cool" if lot.storage == "cool" else "ambient"],
            "ocop_stars": lot.ocop_stars or 0,
            "growing_area": int(lot.growing_area_code is not None),
        }, [self._certificate(held) for held in lot.certificates]

    def _demand(self, demand: Demand, sellers: int) -> Record | None:
        sellers_left = 0 if demand.max_sellers is None else demand.max_sellers - sellers
        if demand.max_sellers is not None and sellers_left <= 0:
            return None
        varieties, gate = self._crop.variety_keys, self._gate(demand)
        return _common(demand) | {
            "varieties": sum(1 << (1 + varieties.index(variety)) for variety in set(demand.varieties)),
            "min_grade": self._crop.grade_rank(demand.min_grade),
            "min_fill": max(0, demand.min_fill_g - demand.taken_g),
            "max_sellers": sellers_left,
            "bid": demand.bid,
            "deliver_from": demand.deliver_from.toordinal(),
            "deliver_until": demand.deliver_until.toordinal(),
            "max_distance": -1 if demand.max_distance_m is None else demand.max_distance_m,
            "certificates_required": self._scheme_mask(demand.certificates_required),
            "min_ocop_stars": demand.min_ocop_stars or 0,
            "min_shelf_life": demand.min_shelf_life_days,
            "gate_from": gate.first.toordinal(),
            "gate_until": gate.last.toordinal(),
            "gate_growing_area": int(gate.growing_area_code),
            "gate_certificates": self._scheme_mask(gate.certificates),
        }

    def _gate(self, demand: Demand) -> OpenGate:
        asked = demand.market, demand.deliver_from, demand.deliver_until
        if asked not in self._gates:
            self._gates[asked] = open_gate(self._catalogue, self._crop, *asked)
        return self._gates[asked]

    def _certificate(self, certificate: Mapping[str, str]) -> Certificate:
        first, last = (date.fromisoformat(certificate[name]) for name in ("valid_from", "valid_until"))
        return self._schemes[certificate["scheme"]], first.toordinal(), last.toordinal()

    def _scheme_mask(self, schemes: Sequence[str]) -> int:
        return sum(1 << self._schemes[scheme] for scheme in set(schemes))


def first_departure(at: datetime, departure_hour: int) -> date:
    """The first day on which trucks leave no sooner than `at`: the next one once they have left."""
    return day_of(at) + timedelta(days=at.astimezone(VIETNAM).hour >= departure_hour)


def terms_of(catalogue: Catalogue, today: date, seller_share_percent: int) -> Terms:
    """What holds for every pair of a book whose goods can leave `today` at the earliest."""
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


def _common(order: Lot | Demand) -> Record:
    return {
        "key": key_of(order.id),
        "posted": (order.ranked_at - EPOCH) // datetime.resolution,
        "party": order.party_id.int & ((1 << 62) - 1),
        "crop": 0,
        "quantity": order.quantity_g - order.taken_g,
        "min_take": order.min_take_g,
        "latitude": order.latitude,
        "longitude": order.longitude,
    }


def _lots(records: Sequence[LotRecord]) -> Lots:
    certificates = _certificate_columns([held for _, held in records])
    return Lots(**_columns(Lots, [record for record, _ in records]), **certificates)


def _demands(records: Sequence[Record]) -> Demands:
    return Demands(**_columns(Demands, records))


def _columns(table: type[Lots] | type[Demands], records: Sequence[Record]) -> dict[str, Any]:
    return {
        name: np.array([record[name] for record in records], dtype=dtype)
        for name, dtype in table.COLUMNS.items()
        if name not in table.ELSEWHERE
    }


def _certificate_columns(certificates: Sequence[Sequence[Certificate]]) -> dict[str, Any]:
    rows = [(lot, *certificate) for lot, held in enumerate(certificates) for certificate in held]
    flat = np.array(rows, dtype=np.int32).reshape(-1, 4)
    names = ("certificate_lot", "certificate_scheme", "certificate_from", "certificate_until")
    return {name: flat[:, column] for column, name in enumerate(names)}

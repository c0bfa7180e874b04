"""What a clearing refuses to be given, and how it says so."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcher.clearing import BadInput, clear
from tests.clearing.scalar import TERMS, TODAY, Demand, Lot, keyed, tables

LOTS, DEMANDS = tables(*keyed([Lot(), Lot()], [Demand(), Demand()]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": [1, -1]}, r"Lots.quantity\[1\] is -1; 0 to"),
        ({"quantity": [1, 10**30]}, r"Lots.quantity"),
        ({"quantity": [1.5, 1]}, r"Lots.quantity\[0\] is 1.5, which int64 does not hold"),
        ({"latitude": [0.0, np.nan]}, r"Lots.latitude\[1\]"),
        ({"longitude": [0.0, 180.5]}, r"Lots.longitude\[1\] is 180.5; -180 to 180 is needed"),
        ({"ask": [1, 2, 3]}, "Lots.ask has 3 entries, Lots.key has 2"),
        ({"ask": [[1, 2]]}, "Lots.ask has 2 dimensions; one is needed"),
        ({"key": [7, 7]}, "Lots.key names two orders alike"),
        ({"harvest_from": [TODAY, TODAY + 9]}, r"Lots.harvest_from\[1\] is after harvest_until"),
        ({"certificate_lot": [0]}, "the certificates' columns have lengths"),
        ({"variety": [0, 64]}, r"Lots.variety\[1\] is 64; 0 to 63"),
    ],
)
def test_a_column_that_is_not_what_its_name_promises_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        replace(LOTS, **change)


def test_a_certificate_of_no_lot_is_refused() -> None:
    one: dict[str, Any] = {name: [2] for name in LOTS.ELSEWHERE}
    with pytest.raises(BadInput, match=r"Lots.certificate_lot\[0\] is 2; 0 to 1"):
        replace(LOTS, **one)


def test_a_delivery_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput, match=r"Demands.deliver_from\[0\] is after deliver_until"):
        replace(DEMANDS, deliver_from=np.array([TODAY + 6, TODAY], np.int32))


@pytest.mark.parametrize("change", [{"speed_km_per_hour": 0}, {"seller_share_percent": 101}, {"today": 1.5}])
def test_terms_outside_their_ranges_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=rf"Terms.{next(iter(change))} is .*; a whole number from"):
        replace(TERMS, **change)


@pytest.mark.parametrize("pair", [(2, 0), (0, 2), (-1, 0)])
def test_a_declined_pair_of_no_order_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="declined"):
        clear(LOTS, DEMANDS, TERMS, [pair])


def test_arrays_are_read_only_copies() -> None:
    given = np.array([5, 6])
    lots = replace(LOTS, quantity=given)
    given[0] = 99
    assert lots.quantity.tolist() == [5, 6]
    with pytest.raises(ValueError, match="read-only"):
        lots.quantity[0] = 1

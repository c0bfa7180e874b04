"""On which days of a delivery window a market's gate is open, and what it takes to pass."""

from dataclasses import dataclass
from datetime import date, timedelta

from matcher.catalogue import Catalogue, Crop


@dataclass(frozen=True)
class OpenGate:
    """The first unbroken run of open days under one gate; `first` after `last` when there is none."""

    first: date
    last: date
    growing_area_code: bool = False
    certificates: tuple[str, ...] = ()


CLOSED = OpenGate(date.max, date.min)
YEAR = timedelta(days=366)


def open_gate(catalogue: Catalogue, crop: Crop, market: str, first: date, last: date) -> OpenGate:
    """The open days from `first` on, if any is by `last`; a later run, after the gate changed, is not used.

    They may go on after `last`, for a year at most: that a delivery is late is not the gate's fault.
    """
    day = first
    while day <= last:
        gate = catalogue.gate_on(crop.key, market, day)
        if gate is not None and gate.status == "open":
            end = min(last + YEAR, gate.until or date.max)
            while catalogue.gate_on(crop.key, market, end) is not gate:
                end -= timedelta(days=1)
            return OpenGate(day, end, gate.requires.growing_area_code, gate.requires.certificates)
        day += timedelta(days=1)
    return CLOSED

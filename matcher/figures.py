"""Numbers and days as people write them, in Vietnamese and in English."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from matcher.clock import written

# Not strftime's %B, which follows the locale of whoever runs the worker.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def number(value: str | int | Decimal, language: str) -> str:
    """1250.5 as people write it: 1.250,5 in Vietnamese, 1,250.5 in English; no needless zeros."""
    whole, _, fraction = f"{Decimal(value):f}".partition(".")
    fraction = fraction.rstrip("0")
    grouped = f"{int(whole):,}"
    if language == "vi":
        return grouped.replace(",", ".") + (f",{fraction}" if fraction else "")
    return grouped + (f".{fraction}" if fraction else "")


def day(iso: str, language: str) -> str:
    """An ISO day as 22/08/2020 in Vietnamese, as 22 August 2020 in English."""
    when = date.fromisoformat(iso)
    return f"{when:%d/%m/%Y}" if language == "vi" else f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _grouped(value: str | int | Decimal, mark: str = ".") -> str:
    """The number as templates ask for it: in Vietnamese; with `mark` "," in English."""
    return number(value, "en" if mark == "," else "vi")


# What templates call them; wordings, which are never edited, have days in one form only.
FILTERS: dict[str, Any] = {"grouped": _grouped, "day": partial(day, language="vi"), "instant": written}

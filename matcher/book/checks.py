"""Checks that lots and demands share; each adds its fault to a list, so that a poster sees all at once."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal

from matcher.catalogue import Catalogue, Crop
from matcher.clock import today
from matcher.errors import Fault, Invalid
from matcher.fields import MOST_KILOGRAMS, Amount

FURTHEST = timedelta(days=731)


class Faults(list[Fault]):
    """The faults found so far."""

    def add(self, path: str, message: str, remedy: str) -> None:
        self.append(Fault(path, message, remedy))

    def raise_any(self) -> None:
        """Raises Invalid when there is at least one."""
        if self:
            raise Invalid(*self)


def crop_named(catalogue: Catalogue, key: str, path: str = "crop") -> Crop:
    """The crop of this key. Raises Invalid at once: without it nothing else can be checked."""
    crop = catalogue.crops.get(key)
    if crop is None:
        raise Invalid(Fault(path, f"no crop {key!r}", f"Give one of {', '.join(sorted(catalogue.crops))}."))
    return crop


def grams(faults: Faults, path: str, posted: Amount, crop: Crop) -> int:
    """The posted amount in grams; 0 with a fault when its unit is unknown or it is finer than a gram."""
    try:
        exact = posted.amount * crop.kilograms(posted.unit, f"{path}.unit") * 1000
    except Invalid as error:
        faults.extend(error.faults)
        return 0
    if exact < 0:
        faults.add(path, "less than nothing", "Give a quantity above 0.")
        return 0
    if exact != exact.to_integral_value():
        faults.add(path, "finer than a gram", "Give at most three decimals of a kg.")
        return 0
    if exact > MOST_KILOGRAMS * Decimal(1000):
        faults.add(path, "more than 100,000,000 kg", "Post larger quantities as several orders.")
        return 0
    return int(exact)


def positive(faults: Faults, path: str, quantity_g: int) -> None:
    already = any(fault.path == path for fault in faults)
    if quantity_g <= 0 and not already:
        faults.add(path, "nothing", "Give a quantity above 0.")


def within(faults: Faults, path: str, part_g: int, quantity_g: int) -> None:
    if 0 < quantity_g < part_g:
        faults.add(path, "more than the whole quantity", "Give at most quantity_kg, or leave it out.")


def known(faults: Faults, path: str, value: str | None, choices: Collection[str], what: str) -> None:
    if value is not None and value not in choices:
        right = ", ".join(sorted(choices)) or "none for this crop; leave it out"
        faults.add(path, f"no {what} {value!r}", f"Give one of {right}.")


def in_order(faults: Faults, prefix: str, first: date, last: date, longest_days: int | None = None) -> None:
    """Adds a fault at `{prefix}_until` when the window ends before it starts or is longer than allowed."""
    if last < first:
        faults.add(f"{prefix}_until", f"before {first}, its start", f"Give {first} or a later day.")
    elif longest_days is not None and (last - first).days > longest_days:
        faults.add(f"{prefix}_until", f"more than {longest_days} days long", "Post several orders instead.")
    elif longest_days is not None and last > today() + FURTHEST:
        faults.add(f"{prefix}_until", "more than two years ahead", "Post it when the season is nearer.")

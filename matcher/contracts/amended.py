"""The terms of a contract with another quantity, price or day in them, and how two versions differ."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from matcher.clock import today
from matcher.contracts.terms import amount
from matcher.errors import Fault, Invalid
from matcher.fields import kilograms_text
from matcher.store.tables import Lot


@dataclass(frozen=True)
class Other:
    """What is to be other than it is; None where it stays. Grams, đồng per kg at the farm gate, a day."""

    quantity_g: int | None = None
    price: int | None = None
    delivery_day: date | None = None


@dataclass(frozen=True)
class Difference:
    """One field of the terms that two versions have otherwise; None where one of them lacks it."""

    field: str
    before: Any
    after: Any


def amended_terms(terms: dict[str, Any], lot: Lot, other: Other, oldest_days: int) -> dict[str, Any]:
    """New terms, the old ones unchanged. Raises Invalid for a day on which the goods can not arrive fresh.

    `oldest_days` is how old they may be on arrival, counted from the day they are picked.
    """
    price = dict(terms["price"])
    if other.price is not None:
        price |= _price(price, other.price)
    quantity_kg = terms["quantity_kg"] if other.quantity_g is None else kilograms_text(other.quantity_g)
    days = {} if other.delivery_day is None else _days(terms, lot, other.delivery_day, oldest_days)
    return terms | days | {
        "quantity_kg": quantity_kg,
        "price": price,
        "amount": amount(grams_of(quantity_kg), price["farm_gate"]),
    }  # fmt: skip


def grams_of(quantity_kg: str) -> int:
    """The grams of a quantity in kg as terms write it."""
    whole, _, fraction = quantity_kg.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0"))


def differences(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> list[Difference]:
    """What two versions of terms have otherwise, by dotted field, in the order of the names."""
    found: list[Difference] = []
    for name in sorted({*before, *after}):
        was, now_is = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now_is, dict):
            found += differences(was, now_is, f"{prefix}{name}.")
        elif was != now_is:
            found.append(Difference(f"{prefix}{name}", was, now_is))
    return found


def _price(price: dict[str, int], farm_gate: int) -> dict[str, int]:
    """Both know the arithmetic, so what each gains may be less than nothing where they agree on it."""
    return {
        "farm_gate": farm_gate,
        "delivered": farm_gate + price["transport"],
        "seller_gains": farm_gate - price["ask"],
        "buyer_gains": price["bid"] - price["transport"] - farm_gate,
    }


def _days(terms: dict[str, Any], lot: Lot, delivery_day: date, oldest_days: int) -> dict[str, str]:
    """The days with the way as long as it was; picked as late as that and the harvest allow."""
    old_leave, old_delivery = (date.fromisoformat(terms[name]) for name in ("leave_day", "delivery_day"))
    old_pick = date.fromisoformat(terms["pick_day"])
    leave = delivery_day - (old_delivery - old_leave)
    pick = min(leave - (old_leave - old_pick), lot.harvest_until)
    earliest = max(lot.harvest_from, today())
    if pick < earliest:
        first = earliest + (old_delivery - old_pick)
        raise Invalid(
            Fault("delivery_day", f"nothing is picked before {earliest}", f"Give {first} or a later day.")
        )
    if delivery_day > old_delivery + timedelta(days=60):
        latest = old_delivery + timedelta(days=60)
        raise Invalid(Fault("delivery_day", "more than 60 days later", f"Give {latest} or an earlier day."))
    if (delivery_day - pick).days > oldest_days:
        what = f"picked on {pick} at the latest the goods are not fresh enough on arrival"
        latest = pick + timedelta(days=oldest_days)
        raise Invalid(Fault("delivery_day", what, f"Give {latest} or an earlier day."))
    days = {"pick_day": pick, "leave_day": leave, "delivery_day": delivery_day}
    if "deliver_until" in terms:
        days["deliver_until"] = max(delivery_day, date.fromisoformat(terms["deliver_until"]))
    return {name: day.isoformat() for name, day in days.items()}

"""Terms of a clearing, some changed as an operator writes it: max_distance=200000, today=2026-11-28."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import date

from matcher.clearing import Terms
from matcher.errors import Fault, Invalid


def changed_terms(terms: Terms, rules: Sequence[str]) -> Terms:
    """`terms` with each of `rules`, a field and its value: an ISO date for `today`, else a whole number.

    Raises Invalid for a term that there is not or that is named twice, and a value outside its limits.
    """
    said = [rule.partition("=")[::2] for rule in rules]
    faults = [*_twice(name for name, _ in said)]
    values: dict[str, int] = {}
    for name, text in said:
        value = _value(name, text)
        if isinstance(value, Fault):
            faults.append(value)
        else:
            values[name] = value
    if faults:
        raise Invalid(*faults)
    return replace(terms, **values)


def _twice(names: Iterable[str]) -> Iterable[Fault]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Fault(name, f"it is given {times} times", "Give each term once.")


def _value(name: str, text: str) -> int | Fault:
    if name not in Terms.LIMITS:
        known = ", ".join(field.name for field in fields(Terms))
        return Fault(name, "there is no such term", f"Use one of: {known}.")
    return _day(text) if name == "today" else _number(name, text)


def _day(text: str) -> int | Fault:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return Fault("today", f"{text!r} is not a day", "Give a date as 2026-11-28.")


def _number(name: str, text: str) -> int | Fault:
    low, high = Terms.LIMITS[name]
    if text.isascii() and text.removeprefix("-").isdecimal() and low <= int(text) <= high:
        return int(text)
    return Fault(name, f"{text!r} will not do", f"Give a whole number from {low:,} to {high:,}.")

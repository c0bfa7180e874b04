"""A clearing run again from its stored input: to prove its matches, and to ask what other terms would do."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from matcher import clearing as core
from matcher.clearing import Lots, Terms
from matcher.clearing.change import Settled
from matcher.clearing.standing import Standing
from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.store.tables import Clearing
from matcher.trading.chain import as_of, base_of, links_of, unpacked
from matcher.trading.record import Input, unpack, unpack_result


@dataclass(frozen=True)
class Outcome:
    """What a clearing does in all.

    `value_dong` is its welfare, `farm_gate_dong` what sellers get, `spoilage_percent` the mean part of the
    shelf life that is used on arrival.
    """

    matches: int
    tonnes: float
    value_dong: int
    farm_gate_dong: int
    tonne_km: float
    spoilage_percent: float


def replay(session: Session, clearing_id: UUID) -> list[str]:
    """The columns in which running the stored input again differs from the stored result: none, or a fault.

    A clearing that settled a change is run again from its base, change by change. Running it checks the
    certificate anew. Raises NotFound, and Conflict where no result was kept.
    """
    clearing = _clearing(session, clearing_id)
    if clearing.result is None:
        raise Conflict(f"Clearing {clearing_id} was made before results were kept.")
    again: core.Clearing | Settled | None
    if clearing.base_id is None:
        kept, again = unpack_result(clearing.result), _run(unpack(clearing.input))
    else:
        kept, again = unpacked(clearing).result, _settled_again(session, clearing)
    if again is None:
        return ["the change can not be settled again"]
    found = [name for name in kept if not np.array_equal(kept[name], getattr(again, name))]
    sums = (("welfare", again.welfare), ("upper_bound", again.upper_bound))
    return found + [name for name, value in sums if int(getattr(clearing, name)) != value]


def compare(session: Session, clearing_id: UUID, changes: Mapping[str, str]) -> tuple[Outcome, Outcome]:
    """What the clearing did, and what it would have done under changed terms: (as it was, changed).

    `changes` are fields of `matcher.clearing.Terms` with their new whole numbers in text.
    Raises NotFound, and Invalid for a term that there is not or a number outside its limits.
    """
    given, _ = as_of(session, _clearing(session, clearing_id))
    changed = replace(given, terms=_terms(given.terms, changes))
    return _outcome(given), _outcome(changed)


def _settled_again(session: Session, clearing: Clearing) -> Settled | None:
    base = base_of(session, clearing)
    given = unpack(base.input)
    standing = Standing(given.lots, given.demands, given.terms, given.declined)
    settled: Settled | None = None
    for link in links_of(session, base, 0, clearing.link):
        settled = standing.settle(unpacked(link).change)
        if settled is None:
            return None
    return settled


def _clearing(session: Session, clearing_id: UUID) -> Clearing:
    clearing = session.get(Clearing, clearing_id)
    if clearing is None:
        raise NotFound(f"No clearing {clearing_id}.")
    return clearing


def _terms(terms: Terms, changes: Mapping[str, str]) -> Terms:
    known = ", ".join(field.name for field in fields(Terms))
    faults = []
    numbers: dict[str, int] = {}
    for name, text in changes.items():
        if name not in Terms.LIMITS:
            faults.append(Fault(name, "there is no such term", f"Use one of: {known}."))
            continue
        low, high = Terms.LIMITS[name]
        if text.removeprefix("-").isdecimal() and low <= int(text) <= high:
            numbers[name] = int(text)
        else:
            faults.append(
                Fault(name, f"{text!r} will not do", f"Give a whole number from {low:,} to {high:,}.")
            )
    if faults:
        raise Invalid(*faults)
    return replace(terms, **numbers)


def _run(given: Input) -> core.Clearing:
    return core.clear(given.lots, given.demands, given.terms, given.declined, quickly=given.quickly)


def _outcome(given: Input) -> Outcome:
    found = _run(given)
    grams = int(found.quantity.sum())
    return Outcome(
        matches=len(found),
        tonnes=grams / 1e6,
        value_dong=found.welfare // 1000,
        farm_gate_dong=int(found.quantity.astype(object) @ found.price.astype(object) or 0) // 1000,
        tonne_km=float(found.quantity @ found.distance) / 1e9,
        spoilage_percent=_spoilage(found, given.lots),
    )


def _spoilage(found: core.Clearing, lots: Lots) -> float:
    if not len(found):
        return 0.0
    used = found.age / np.maximum(lots.shelf_life[found.lot], 1)
    return float(np.average(used, weights=found.quantity) * 100)

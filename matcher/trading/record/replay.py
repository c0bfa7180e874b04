"""A clearing run again from its stored input: to prove its matches, and to ask what other terms would do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from matcher import clearing as core
from matcher.clearing import Lots
from matcher.clearing.pairs import Book
from matcher.clearing.standing.change import Settled
from matcher.clearing.standing.standing import Standing
from matcher.clearing.terms.minimum import supply
from matcher.errors import Conflict, NotFound
from matcher.store.tables import Clearing
from matcher.trading.record.chain import as_of, base_of, links_of, unpacked
from matcher.trading.record.changed_terms import changed_terms
from matcher.trading.record.record import RESULT, Arrays, Input, unpack, unpack_result


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


@dataclass(frozen=True)
class Comparison:
    """`recorded` is what the clearing did, `anew` what clearing its book anew does under the same terms.

    `changed` is that under changed terms. So what `changed` has over `anew` is the terms' effect, and what
    `anew` has over `recorded` is not: a standing book's record may be another answer to minimum terms, or was
    cut short.
    """

    recorded: Outcome
    anew: Outcome
    changed: Outcome


def replay(session: Session, clearing_id: UUID) -> list[str]:
    """The columns in which running the stored input again differs from the stored result: none, or a fault.

    A clearing that settled a change is run again from its base, change by change. Running it checks the
    certificate anew. Raises NotFound, and Conflict where no result was kept.
    """
    clearing = _with_result(session, clearing_id)
    again: core.Clearing | Settled | None
    if clearing.base_id is None:
        kept, again = unpack_result(clearing.result or b""), _run(unpack(clearing.input))
    else:
        kept, again = unpacked(clearing).result, _settled_again(session, clearing)
    if again is None:
        return ["the change can not be settled again"]
    found = [name for name in kept if not np.array_equal(kept[name], getattr(again, name))]
    sums = (("welfare", again.welfare), ("upper_bound", again.upper_bound))
    return found + [name for name, value in sums if int(getattr(clearing, name)) != value]


def compare(session: Session, clearing_id: UUID, rules: Sequence[str]) -> Comparison:
    """What the clearing did, beside what its book would give anew, and what it would give under `rules`.

    `rules` are as `changed_terms` reads them. Raises NotFound, Conflict where no result was kept, and Invalid
    for a rule that will not do.
    """
    clearing = _with_result(session, clearing_id)
    given, found = as_of(session, clearing)
    changed = replace(given, terms=changed_terms(given.terms, rules))
    recorded = _outcome(given.lots, found, int(clearing.welfare))
    return Comparison(recorded, _outcome_anew(given), _outcome_anew(changed))


def prices(session: Session, clearing_id: UUID) -> list[tuple[str, str, int, int]]:
    """Of each order of the book: (lot or demand, its id, g that it could trade, dual price in đ/kg).

    Of a lot in packages that are whole packages. The sum of g times price is the value of the relaxation, or
    in a clearing that was cut short more than that.
    Raises NotFound, and Conflict where no result was kept.
    """
    given, found = as_of(session, _with_result(session, clearing_id))
    book = Book(given.lots, given.demands, given.terms, given.declined.astype(np.int64))
    sides = (
        ("lot", given.lot_ids, supply(book), found["lot_price"]),
        ("demand", given.demand_ids, given.demands.quantity, found["demand_price"]),
    )
    return [
        (side, *row)
        for side, ids, quantity, price in sides
        for row in zip(ids, quantity.tolist(), price.tolist(), strict=True)
    ]


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


def _with_result(session: Session, clearing_id: UUID) -> Clearing:
    clearing = session.get(Clearing, clearing_id)
    if clearing is None:
        raise NotFound(f"No clearing {clearing_id}.")
    if clearing.result is None:
        raise Conflict(f"Clearing {clearing_id} was made before results were kept.")
    return clearing


def _run(given: Input) -> core.Clearing:
    return core.clear(given.lots, given.demands, given.terms, given.declined, quickly=given.quickly)


def _outcome_anew(given: Input) -> Outcome:
    found = _run(given)
    return _outcome(given.lots, {name: getattr(found, name) for name in RESULT}, found.welfare)


def _outcome(lots: Lots, found: Arrays, welfare: int) -> Outcome:
    quantity = found["quantity"]
    return Outcome(
        matches=len(quantity),
        tonnes=int(quantity.sum()) / 1e6,
        value_dong=welfare // 1000,
        farm_gate_dong=int(quantity.astype(object) @ found["price"].astype(object) or 0) // 1000,
        tonne_km=float(quantity @ found["distance"]) / 1e9,
        spoilage_percent=_spoilage(lots, found),
    )


def _spoilage(lots: Lots, found: Arrays) -> float:
    if not len(found["lot"]):
        return 0.0
    used = found["age"] / np.maximum(lots.shelf_life[found["lot"]], 1)
    return float(np.average(used, weights=found["quantity"]) * 100)

"""The steps of the life of a contract or frame agreement, chained.

Each hash covers the one before, so that none can be changed alone.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.errors import NotFound
from matcher.store.tables import Contract, Frame, Step

Proved = Contract | Frame


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, in UTF-8: for texts and whole numbers the same as RFC 8785."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def first_step(proved: Proved, at: datetime, by: str = "service") -> Step:
    """The step that a contract begins with, its first terms in it."""
    statement = _statement(proved, 1, None, "drafted", at, by, {"terms": proved.terms})
    return Step(subject_id=proved.id, position=1, statement=statement, hash=digest(statement))


def add_step(session: Session, proved: Proved, kind: str, at: datetime, by: str, **data: Any) -> Step:
    """Adds a step to what the caller has locked; `data` is plain JSON."""
    last = session.scalar(
        select(Step).where(Step.subject_id == proved.id).order_by(Step.position.desc()).limit(1)
    )
    position, previous = (last.position + 1, last.hash) if last else (1, None)
    statement = _statement(proved, position, previous, kind, at, by, data)
    step = Step(subject_id=proved.id, position=position, statement=statement, hash=digest(statement))
    session.add(step)
    session.flush()
    return step


def steps_of(session: Session, proved: Proved) -> Sequence[Step]:
    return session.scalars(select(Step).where(Step.subject_id == proved.id).order_by(Step.position)).all()


def terms_of_version(session: Session, contract: Contract, version: int) -> dict[str, Any]:
    """The terms that were the contract's in this version. Raises NotFound for one it never had."""
    statements = [step.statement for step in steps_of(session, contract)]
    for statement in statements:
        if statement["kind"] == "drafted" and version == 1:
            return dict(statement["data"]["terms"])
        if statement["kind"] == "amended" and statement["version"] == version:
            return dict(_proposed(statements, statement["data"]["amendment"]))
    if version == contract.version:
        return contract.terms
    raise NotFound(f"Contract {contract.number} has no version {version}.")


def _proposed(statements: Sequence[dict[str, Any]], amendment: str) -> dict[str, Any]:
    proposals = (each["data"] for each in statements if each["kind"] == "amendment_proposed")
    terms: dict[str, Any] = next(each["terms"] for each in proposals if each["amendment"] == amendment)
    return terms


def _statement(  # the fields of a statement, in their order
    proved: Proved, position: int, previous: str | None, kind: str, at: datetime, by: str,
    data: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    return {
        "contract": str(proved.id),
        "number": proved.number,
        "position": position,
        "previous": previous,
        "kind": kind,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "by": by,
        "version": proved.version,
        "data": data,
    }

"""The evidence of a contract or frame agreement: its terms and every step of its life in one sealed file."""

from typing import Any

from sqlalchemy.orm import Session

from matcher.contracts.keys import SealingKey, note_key
from matcher.contracts.seal import JSON, seal
from matcher.contracts.steps import Proved, canonical, steps_of
from matcher.contracts.terms import terms_hash
from matcher.store.tables import Contract


def evidence(session: Session, proved: Proved, key: SealingKey) -> bytes:
    """The sealed evidence as canonical JSON; the same bytes until the contract's next step."""
    stated = {
        "format": "matcher-evidence/1",
        "contract": str(proved.id),
        "number": proved.number,
        "terms": proved.terms,
        "steps": [{"statement": step.statement, "hash": step.hash} for step in steps_of(session, proved)],
    }
    return sealed(session, proved, canonical(stated), JSON, key)


def sealed(session: Session, proved: Proved, content: bytes, media_type: str, key: SealingKey) -> bytes:
    """A document with the seal over it, and over what the contract is now."""
    note_key(session, key)
    return seal(content, media_type, _facts(session, proved), key)


def _facts(session: Session, proved: Proved) -> dict[str, Any]:
    steps = steps_of(session, proved)
    return {
        "contract": str(proved.id),
        "number": proved.number,
        "version": proved.version,
        "state": proved.signature if isinstance(proved, Contract) else proved.state,
        "terms_hash": terms_hash(proved.terms),
        "steps": len(steps),
        "last_step": steps[-1].hash if steps else None,
    }

"""A contract's evidence: its terms and every step of its life in one sealed file."""

from typing import Any

from sqlalchemy.orm import Session

from matcher.contracts.keys import SealingKey, note_key
from matcher.contracts.seal import JSON, seal
from matcher.contracts.steps import canonical, steps_of
from matcher.contracts.terms import terms_hash
from matcher.store.tables import Contract


def evidence(session: Session, contract: Contract, key: SealingKey) -> bytes:
    """The sealed evidence as canonical JSON; the same bytes until the contract's next step."""
    stated = {
        "format": "matcher-evidence/1",
        "contract": str(contract.id),
        "number": contract.number,
        "terms": contract.terms,
        "steps": [{"statement": step.statement, "hash": step.hash} for step in steps_of(session, contract)],
    }
    return sealed(session, contract, canonical(stated), JSON, key)


def sealed(session: Session, contract: Contract, content: bytes, media_type: str, key: SealingKey) -> bytes:
    """A document of the contract with the seal over it, and over what the contract is now."""
    note_key(session, key)
    return seal(content, media_type, _facts(session, contract), key)


def _facts(session: Session, contract: Contract) -> dict[str, Any]:
    steps = steps_of(session, contract)
    return {
        "contract": str(contract.id),
        "number": contract.number,
        "version": contract.version,
        "state": contract.signature,
        "terms_hash": terms_hash(contract.terms),
        "steps": len(steps),
        "last_step": steps[-1].hash if steps else None,
    }

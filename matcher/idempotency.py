"""A repeated post with the same Idempotency-Key gets the first answer again, and makes nothing anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Fault, Invalid
from matcher.store.tables import KeptAnswer

KEPT_FOR = timedelta(hours=48)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def first_answer(session: Session, party_id: UUID, key: str, request_digest: bytes) -> Answer | None:
    """The answer already given to this key, or None when this request is the first and may go on.

    While another request with the same key is under way it is waited for. Whoever gets None holds the key
    until the transaction ends; a rollback frees it. Raises Invalid when the key came with another request.
    """
    claim = insert(KeptAnswer).values(party_id=party_id, key=key, request_digest=request_digest)
    if session.scalar(claim.on_conflict_do_nothing().returning(KeptAnswer.key)) is not None:
        return None
    kept = session.get(KeptAnswer, (party_id, key))
    if kept is None:  # forgotten at this very moment
        return first_answer(session, party_id, key, request_digest)
    if kept.request_digest != request_digest or kept.body is None or kept.status is None:
        raise Invalid(
            Fault(
                "Idempotency-Key",
                "this key was used for another request in the last 48 hours",
                "Give every new request a key of its own; repeat one unchanged.",
            )
        )
    return Answer(kept.status, kept.headers, kept.body)


def keep_answer(session: Session, party_id: UUID, key: str, answer: Answer) -> None:
    """Keeps the answer with its key, in the transaction of what it tells of."""
    said = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    mine = (KeptAnswer.party_id == party_id) & (KeptAnswer.key == key)
    session.execute(update(KeptAnswer).where(mine).values(**said))


def forget_answers(session: Session, limit: int = 10_000) -> None:
    """Forgets what was kept for 48 hours, the oldest `limit` of it."""
    until, kept_at = now() - KEPT_FOR, KeptAnswer.kept_at
    beyond = select(kept_at).where(kept_at < until).order_by(kept_at).offset(limit).limit(1)
    session.execute(delete(KeptAnswer).where(kept_at < (session.scalar(beyond) or until)))

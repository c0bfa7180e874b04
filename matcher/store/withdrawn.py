# ruff: noqa: S608  # the words put into statements are this project's own
"""Deliveries that are due and shall not leave any more; they stay on record as withdrawn.

What had arrived before and was only to be sent again stays delivered, with the time of its arrival.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session

_ENDED = "CASE WHEN delivered_at IS NULL THEN 'withdrawn' ELSE 'delivered' END"

# In the order of their ids, as others lock them too. One that is on its way is withdrawn as well; if it
# arrives all the same, it is delivered.
_OF_EVENTS = text(f"""
    UPDATE delivery SET state = {_ENDED} WHERE id IN (
        SELECT delivery.id FROM unnest(:kinds, :subjects) AS over (kind, subject_id)
        JOIN event ON event.kind = over.kind AND event.subject_id = over.subject_id
        JOIN notice ON notice.event_id = event.id
        JOIN delivery ON delivery.notice_id = notice.id
        WHERE delivery.state = 'due' ORDER BY delivery.id FOR UPDATE OF delivery)
""").bindparams(bindparam("kinds", type_=ARRAY(TEXT)), bindparam("subjects", type_=ARRAY(UUID_TYPE)))

_TO_RECEIVER = text(f"""
    UPDATE delivery SET state = {_ENDED} WHERE id IN (
        SELECT id FROM delivery WHERE state = 'due' AND (endpoint_id = :receiver OR contact_id = :receiver)
        ORDER BY id FOR UPDATE)
""")


def withdraw_told(session: Session, events: Sequence[tuple[str, UUID]]) -> None:
    """Withdraws what is due of these events, kinds with their subjects, as they are true no more."""
    if events:
        kinds, subjects = zip(*events, strict=True)
        session.execute(_OF_EVENTS, {"kinds": list(kinds), "subjects": list(subjects)})


def withdraw_due_to(session: Session, receiver: UUID) -> None:
    """Withdraws what is due to an endpoint or contact at which its party wants nothing more."""
    session.flush()
    session.execute(_TO_RECEIVER, {"receiver": receiver})

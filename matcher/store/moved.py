# ruff: noqa: S608  # the words put into statements are this project's own
"""Deliveries follow the contact or endpoint that they go to when it moves, or is mended."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# Of a delivery: where its contact or endpoint is now. Its own address stays if there is neither any more, or
# if the notice went to the present one already, by another way.
PRESENT_ADDRESS = """coalesce((
    SELECT present.address FROM (
        SELECT url AS address FROM endpoint WHERE id = delivery.endpoint_id
        UNION ALL SELECT address FROM contact WHERE id = delivery.contact_id) present
    WHERE NOT EXISTS (SELECT FROM delivery other WHERE other.notice_id = delivery.notice_id
        AND other.channel = delivery.channel AND other.address = present.address)), delivery.address)"""

_MOVE_DUE = text(f"""
    UPDATE delivery SET address = {PRESENT_ADDRESS}
    WHERE state = 'due' AND (endpoint_id = :moved OR contact_id = :moved)
""")

# Before the first attempt nothing waits: it is due, or on its way.
_HURRY = text("""
    UPDATE delivery SET due_at = now() WHERE id IN (
        SELECT id FROM delivery
        WHERE state = 'due' AND endpoint_id = :endpoint AND tries > 0 AND due_at > now()
        ORDER BY id FOR UPDATE)
""")


def move_due(session: Session, moved: UUID) -> None:
    """What is due to an endpoint or a contact that has moved goes to its new address; what went, stays."""
    session.flush()
    session.execute(_MOVE_DUE, {"moved": moved})


def hurry_due(session: Session, endpoint_id: UUID) -> None:
    """What waits for its next attempt at an endpoint is due now."""
    session.flush()
    session.execute(_HURRY, {"endpoint": endpoint_id})

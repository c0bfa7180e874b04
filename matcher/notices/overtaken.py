# ruff: noqa: S608  # the words put into statements are this project's own
"""Notices that were overtaken before they were sent: withdrawn, so that nobody is told what is over."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from matcher.store.tables import Contract
from matcher.store.withdrawn import withdraw_told

_PROPOSAL = frozenset({"contract.amendment_proposed"})
_WAITING = frozenset({"contract.accepted", "contract.lapsing"})
_ALIVE = (
    _PROPOSAL
    | _WAITING
    | {
        "match.made", "contract.agreed", "contract.amended", "contract.amendment_declined",
        "contract.amendment_withdrawn", "contract.amendment_lapsed",
    }
)  # fmt: skip
_ORDER_OPEN = frozenset({"order.expiring", "order.reopened"})

# What an event makes untrue of the same contract or order. Its own notices always leave: they are the
# correction of what was sent before.
OVERTAKES = {
    "contract.declined": _ALIVE,
    "contract.lapsed": _ALIVE,
    "contract.cancelled": _ALIVE,
    "contract.agreed": _WAITING,
    "contract.amended": _PROPOSAL,
    "contract.amendment_declined": _PROPOSAL,
    "contract.amendment_withdrawn": _PROPOSAL,
    "contract.amendment_lapsed": _PROPOSAL,
    "order.filled": _ORDER_OPEN,
    "order.reopened": frozenset({"order.filled"}),
    "order.withdrawn": _ORDER_OPEN,
    "order.expired": _ORDER_OPEN,
}

_PAIRS = ", ".join(f"('{later}', '{kind}')" for later, over in OVERTAKES.items() for kind in sorted(over))

# Of an event: whether a later one has made it untrue, or what it complains of is mended.
OVERTAKEN: ColumnElement[bool] = literal_column(
    f"""(
    EXISTS (
        SELECT FROM (VALUES {_PAIRS}) AS over (later_kind, kind)
        CROSS JOIN LATERAL (
            SELECT event.subject_id AS id
            UNION ALL SELECT id FROM contract WHERE match_id = event.subject_id) about
        JOIN event later ON later.kind = over.later_kind AND later.subject_id = about.id
            AND later.id > event.id
        WHERE over.kind = event.kind)
    OR event.kind = 'endpoint.disabled' AND NOT EXISTS (
        SELECT FROM endpoint WHERE id = event.subject_id AND disabled_at IS NOT NULL)
    OR event.kind = 'contact.bounced' AND NOT EXISTS (
        SELECT FROM contact WHERE id = event.subject_id AND bounced_at IS NOT NULL))
""",
    Boolean(),
)


def withdraw_overtaken(session: Session, events: Sequence[tuple[str, UUID]]) -> None:
    """Withdraws what is due of that which these events, kinds with their subjects, have made untrue."""
    events = [(kind, subject_id) for kind, subject_id in events if kind in OVERTAKES]
    over = [(each, subject_id) for kind, subject_id in events for each in sorted(OVERTAKES[kind])]
    ended = [subject_id for kind, subject_id in events if "match.made" in OVERTAKES[kind]]
    if ended:
        matches = session.scalars(select(Contract.match_id).where(Contract.id.in_(ended)))
        over += [("match.made", match_id) for match_id in matches]
    withdraw_told(session, over)

"""Notices that were overtaken before they were sent: withdrawn, so that nobody is told what is over."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.orm import Session

from matcher.store.tables import Contract

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

# In the order of their ids, as others lock them too. One that is on its way is withdrawn as well; if it
# arrives all the same, it is delivered.
_WITHDRAW = text("""
    UPDATE delivery SET state = 'withdrawn' WHERE id IN (
        SELECT delivery.id FROM unnest(:kinds, :subjects) AS over (kind, subject_id)
        JOIN event ON event.kind = over.kind AND event.subject_id = over.subject_id
        JOIN notice ON notice.event_id = event.id
        JOIN delivery ON delivery.notice_id = notice.id
        WHERE delivery.state = 'due' ORDER BY delivery.id FOR UPDATE OF delivery)
""").bindparams(bindparam("kinds", type_=ARRAY(TEXT)), bindparam("subjects", type_=ARRAY(UUID_TYPE)))


def withdraw_overtaken(session: Session, events: Sequence[tuple[str, UUID]]) -> None:
    """Withdraws what is due of that which these events, kinds with their subjects, have made untrue."""
    events = [(kind, subject_id) for kind, subject_id in events if kind in OVERTAKES]
    over = [(each, subject_id) for kind, subject_id in events for each in sorted(OVERTAKES[kind])]
    ended = [subject_id for kind, subject_id in events if "match.made" in OVERTAKES[kind]]
    if ended:
        matches = session.scalars(select(Contract.match_id).where(Contract.id.in_(ended)))
        over += [("match.made", match_id) for match_id in matches]
    if over:
        kinds, subjects = zip(*over, strict=True)
        session.execute(_WITHDRAW, {"kinds": list(kinds), "subjects": list(subjects)})

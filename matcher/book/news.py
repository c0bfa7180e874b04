"""What happens to an order, noted with the change itself and told to its owner soon afterwards.

A row a change: posting stays quick, and whoever tells reads the order as it stands then.
"""

from datetime import datetime, time, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from matcher.clock import VIETNAM, now
from matcher.store.tables import Demand, Lot, OrderNews

What = Literal["posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired"]

NOON = time(12)  # of the day before an order's last, when its owner is reminded
LONG_ENOUGH = timedelta(hours=6)  # that the owner has not just said when it ends


def note(session: Session, order: Lot | Demand, what: What, due_at: datetime | None = None) -> None:
    """Notes it in the caller's transaction, to be told at `due_at`, or at once."""
    session.add(
        OrderNews(
            order_id=order.id,
            what=what,
            version=order.version,
            happened_at=now(),
            due_at=due_at or now(),
        )
    )


def note_posted(session: Session, order: Lot | Demand) -> None:
    """Notes that the order was posted, and when its owner is to be reminded that it expires."""
    note(session, order, "posted")
    remind_of_end(session, order)


def remind_of_end(session: Session, order: Lot | Demand) -> None:
    """Has the owner told the day before the order's last day, unless that is hardly news."""
    at = datetime.combine(order.expires_on - timedelta(days=1), NOON, VIETNAM)
    if at > now() + LONG_ENOUGH:
        note(session, order, "expiring", at)

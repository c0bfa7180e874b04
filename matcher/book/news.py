"""What happens to an order, noted with the change itself and told to its owner soon afterwards.

A row a change: posting stays quick. It says how the order stood, which may be otherwise when it is told.
"""

from datetime import datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from matcher.clock import VIETNAM, now
from matcher.store.tables import Demand, Lot, OrderNews

What = Literal["posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired"]

NOON = time(12)  # of the day before an order's last, when its owner is reminded
LONG_ENOUGH = timedelta(hours=6)  # that the owner has not just said when it ends


def note(
    session: Session,
    order: Lot | Demand,
    what: What,
    due_at: datetime | None = None,
    *,
    by_owner: bool = False,
) -> None:
    """Notes it in the caller's transaction, to be told at `due_at`, or at once.

    `by_owner`: the owner did it, and so knows.
    """
    at = due_at or now()
    session.add(
        OrderNews(
            order_id=order.id,
            what=what,
            version=order.version,
            by_owner=by_owner,
            happened_at=at,
            due_at=at,
            **as_it_stands(order),
        )
    )


def as_it_stands(order: Lot | Demand) -> dict[str, Any]:
    """What is told of the order, as it is now."""
    return {
        "quantity_g": order.quantity_g,
        "remaining_g": order.quantity_g - order.taken_g,
        "last_day": order.expires_on,
    }


def note_posted(session: Session, order: Lot | Demand, *, by_owner: bool = True) -> None:
    """Notes that the order was posted, and when its owner is to be reminded that it expires."""
    note(session, order, "posted", by_owner=by_owner)
    remind_of_end(session, order)


def remind_of_end(session: Session, order: Lot | Demand) -> None:
    """Has the owner told the day before the order's last day, unless that is hardly news."""
    at = datetime.combine(order.expires_on - timedelta(days=1), NOON, VIETNAM)
    if at > now() + LONG_ENOUGH:
        note(session, order, "expiring", at)

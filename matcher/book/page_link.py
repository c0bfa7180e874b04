"""The link of an order's page: whoever has it may read the page, without a key."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.errors import NotFound
from matcher.store.tables import Demand, Lot


def order_page_path(order: Lot | Demand) -> str:
    """Where its page is, below the service's public address; short enough for an SMS."""
    return f"/o/{order.page_key}"


def order_by_page(session: Session, page_key: str) -> Lot | Demand:
    """The order of this page link. Raises NotFound for a link that is none of ours."""
    order: Lot | Demand | None = session.scalar(select(Lot).where(Lot.page_key == page_key))
    order = order or session.scalar(select(Demand).where(Demand.page_key == page_key))
    if order is None:
        raise NotFound("There is no order behind this link; copy it whole, as the notice gave it.")
    return order

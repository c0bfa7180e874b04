"""Owners told what has become of their orders: posted, amended, filled, open again, withdrawn, expired."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.book.news import as_it_stands, remind_of_end
from matcher.book.page_link import order_page_path
from matcher.catalogue import Catalogue
from matcher.clock import now, today
from matcher.fields import kilograms_text
from matcher.notices.events import Kind, OrderMoved
from matcher.notices.record import Happening, record
from matcher.store.tables import Demand, Lot, OrderNews
from matcher.trading.news import named


def tell_owners(session: Session, catalogue: Catalogue, limit: int = 1000, passing_over: int = 0) -> int:
    """Tells what was noted and is due, in the order it happened; returns how much. Skips what others hold."""
    due = (
        select(OrderNews)
        .where(OrderNews.due_at <= now())
        .order_by(OrderNews.due_at, OrderNews.id)
        .limit(limit)
        .offset(passing_over)
        .with_for_update(skip_locked=True)
    )
    news = session.scalars(due).all()
    orders = _orders(session, news)
    happenings = [
        _happening(each, orders[each.order_id], catalogue)
        for each in news
        if each.what != "expiring" or _still_expires(session, orders[each.order_id])
    ]
    record(session, happenings)
    session.execute(delete(OrderNews).where(OrderNews.id.in_([each.id for each in news])))
    return len(news)


def _orders(session: Session, news: Sequence[OrderNews]) -> dict[object, Lot | Demand]:
    ids = [each.order_id for each in news]
    rows: list[Lot | Demand] = [
        *session.scalars(select(Lot).where(Lot.id.in_(ids))),
        *session.scalars(select(Demand).where(Demand.id.in_(ids))),
    ]
    return {order.id: order for order in rows}


def _still_expires(session: Session, order: Lot | Demand) -> bool:
    """Whether the reminder is still true; one that came too early, as the order was amended, is put off."""
    if order.state != "open":
        return False
    if order.expires_on > today() + timedelta(days=1):
        remind_of_end(session, order)
        return False
    return True


def _happening(news: OrderNews, order: Lot | Demand, catalogue: Catalogue) -> Happening:
    kind: Kind = f"order.{news.what}"  # type: ignore[assignment]
    crop = catalogue.crops.get(order.crop)  # it may have left the catalogue since
    # A reminder was noted long before; what it is of, is now.
    stood = (
        as_it_stands(order)
        if news.what == "expiring"
        else {name: getattr(news, name) for name in ("quantity_g", "remaining_g", "last_day")}
    )
    data: OrderMoved = {
        "order": "lot" if isinstance(order, Lot) else "demand",
        "order_id": str(order.id),
        "order_page": order_page_path(order),
        "crop": named(crop) if crop else {"key": order.crop, "vi": order.crop, "en": order.crop},
        "quantity_kg": kilograms_text(stood["quantity_g"]),
        "remaining_kg": kilograms_text(stood["remaining_g"]),
        "last_day": stood["last_day"].isoformat(),
        "by_owner": news.by_owner,
    }
    # One reminder for each last day, however often it was put off.
    version = order.expires_on.toordinal() if news.what == "expiring" else news.version
    return Happening(kind, order.id, version, data, [order.party_id], news.happened_at, news.by_owner)

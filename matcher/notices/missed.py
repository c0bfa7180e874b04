"""What an endpoint missed while nothing was written down for it: when it was disabled."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Session

from matcher.store.identifiers import uuid7
from matcher.store.tables import Delivery, Endpoint, Event, Notice

MOST_AT_ONCE = 10_000


def add_missed(session: Session, endpoint: Endpoint, since: datetime) -> None:
    """Writes a delivery for each notice since then that has none to this endpoint and is of its kinds.

    They are withdrawn until they are made due. At most 10,000 at once, the oldest first.
    """
    there = (Delivery.endpoint_id == endpoint.id) | (Delivery.address == endpoint.url)
    of_notice = (Delivery.notice_id == Notice.id) & (Delivery.channel == "webhook")
    missed = (
        select(Notice.id)
        .join(Event, Event.id == Notice.event_id)
        .where(Notice.party_id == endpoint.party_id, Event.occurred_at >= since)
        .where(Event.kind != "endpoint.test", ~select(Delivery.id).where(of_notice, there).exists())
        .order_by(Notice.id)
        .limit(MOST_AT_ONCE)
    )
    if endpoint.kinds is not None:
        missed = missed.where(Event.kind.in_(endpoint.kinds))
    rows = [
        {
            "id": uuid7(), "notice_id": notice_id, "channel": "webhook", "address": endpoint.url,
            "endpoint_id": endpoint.id, "state": "withdrawn",
        }
        for notice_id in session.scalars(missed)
    ]  # fmt: skip
    if rows:
        # Another replay may write the same at this moment.
        session.execute(insert_or_skip(Delivery).on_conflict_do_nothing(), rows)

"""Sending again to an endpoint what has not arrived there, or has been missed."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.fields import Instant
from matcher.notices.answered import end_rest
from matcher.notices.attempts import deliveries_to
from matcher.notices.dead import Requeued, queue_again
from matcher.notices.endpoints import keep
from matcher.notices.missed import add_missed
from matcher.store.tables import Delivery, Endpoint, Event


class Replay(BaseModel):
    """Which notices to send again: one delivery, or those since a moment that have not arrived.

    With `delivered_too` all, also what has become untrue.
    """

    model_config = ConfigDict(extra="forbid")

    delivery_id: UUID | None = None
    since: Instant | None = None
    delivered_too: Annotated[bool, Field(strict=True)] = False


def replay(session: Session, endpoint: Endpoint, what: Replay) -> Requeued:
    """Makes deliveries due again, each with its whole schedule, at most 10,000 at once; returns how many.

    Those since a moment are also of what happened while the endpoint was disabled. Each goes out with the
    id it had. Raises Invalid unless one thing is named, NotFound for a delivery of another endpoint or an
    endpoint that is removed, Conflict for one that is still being tried, or a disabled endpoint.
    """
    keep(session, endpoint)
    if (what.delivery_id is None) == (what.since is None):
        named = "nothing is" if what.since is None else "both are"
        raise Invalid(Fault("", f"{named} named", "Give a delivery_id, or since when."))
    own = deliveries_to(endpoint)
    if what.since is not None:
        add_missed(session, endpoint, what.since)
        own = own.where(Event.occurred_at >= what.since)
    if what.delivery_id is not None:
        own = own.where(Delivery.id == what.delivery_id)
        _refuse_waiting(session, what.delivery_id, own)
    states = ["dead", "withdrawn"]
    if what.delivered_too or what.delivery_id:
        states.append("delivered")
    end_rest(endpoint)
    return queue_again(session, own.where(Delivery.state.in_(states)), untrue_too=what.delivered_too)


def _refuse_waiting(session: Session, delivery_id: UUID, own: Any) -> None:
    state = session.scalar(own.with_only_columns(Delivery.state))
    if state is None:
        raise NotFound(f"No delivery {delivery_id} of this endpoint.")
    if state == "due":
        raise Conflict(f"Delivery {delivery_id} is still being tried; it needs no replay.")

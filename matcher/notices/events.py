"""Events written down, with a notice for each party concerned and a delivery for each of its channels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NotRequired, get_args
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Session
from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

from matcher.clock import now
from matcher.notices.overtaken import withdraw_overtaken
from matcher.notices.ways import ways_of
from matcher.quarantine import Reason
from matcher.store.identifiers import uuid7
from matcher.store.session import ring
from matcher.store.tables import Delivery, Endpoint, Event, Notice

Kind = Literal[
    "match.made", "contract.accepted", "contract.agreed", "contract.declined", "contract.lapsing",
    "contract.lapsed", "contract.cancelled", "contract.amendment_proposed", "contract.amendment_declined",
    "contract.amendment_withdrawn", "contract.amendment_lapsed", "contract.amended", "contract.delivered",
    "contract.delivery_confirmed", "contract.delivery_withdrawn", "contract.paid",
    "contract.payment_confirmed", "contract.payment_withdrawn", "contract.closed",
    "contract.dispute_opened", "contract.dispute_closed",
    "order.posted", "order.amended", "order.filled", "order.reopened", "order.withdrawn", "order.expiring",
    "order.expired", "order.quarantined", "endpoint.disabled", "endpoint.test",
    "frame.drafted", "frame.signed", "frame.agreed", "frame.declined", "frame.ended",
]  # fmt: skip


class CropNamed(TypedDict):
    """A crop's key and its names."""

    key: str
    vi: str
    en: str


class MatchMade(TypedDict):
    """The data of `match.made`: a match was frozen and its contract drafted; told to seller and buyer.

    `contract_page` is the path of its page, `quantity_kg` a decimal string, `price` whole đồng per kg at
    the farm gate, `delivery_day` an ISO day, `seller` and `buyer` are names.
    """

    contract_id: str
    contract_number: str
    contract_page: str
    crop: CropNamed
    quantity_kg: str
    price: int
    delivery_day: str
    seller: str
    buyer: str


class ContractMoved(TypedDict):
    """The data of the events `contract.…`: what became of a contract; told to seller and buyer.

    `by` is who did it, seller, buyer, operator or deadline, `by_name` that party's name, "" for a deadline;
    `reason` is what a party gave for it, such as for declining. `quantity_kg` is that of the contract.
    """

    contract_id: str
    contract_number: str
    contract_page: str
    crop: CropNamed
    quantity_kg: str
    by: str
    by_name: str
    reason: str | None


class FrameMoved(TypedDict):
    """The data of the events `frame.…`: what became of a frame agreement or memorandum; told to its parties.

    `by_name` is the party that did it, `reason` what it gave for declining or ending it.
    """

    frame_id: str
    frame_number: str
    frame_kind: Literal["frame", "memorandum"]
    crop: CropNamed
    quantity_kg: str
    by_name: str
    reason: str | None


class OrderQuarantined(TypedDict):
    """The data of `order.quarantined`: the clearing passes it over; told to its owner and the operators.

    `last_day` is the ISO day on which the order expires, `owner` a name; matcher.quarantine has the words
    for `reason`.
    """

    order: Literal["lot", "demand"]
    order_id: str
    crop: CropNamed
    quantity_kg: str
    last_day: str
    owner: str
    reason: Reason


class OrderMoved(TypedDict):
    """The data of `order.posted`, `.amended`, `.filled`, `.reopened` (what was matched fell through),
    `.withdrawn`, `.expiring` (tomorrow is its last day) and `.expired`; told to its owner.

    Quantities, as the order stands when it is told, are decimal strings; `last_day` is an ISO day.
    """

    order: Literal["lot", "demand"]
    order_id: str
    crop: CropNamed
    quantity_kg: str
    remaining_kg: str
    last_day: str


class EndpointTold(TypedDict):
    """The data of `endpoint.test`, to try an endpoint, and with `reason` of `endpoint.disabled`.

    `reason` is gone (it answered 410) or failing (for days). Told to its party; a disabling to operators too.
    """

    endpoint_id: str
    url: str
    reason: NotRequired[str]


_SIDES = "the seller and the buyer"
_DATA: dict[str, tuple[type, str]] = {
    "match.made": (MatchMade, _SIDES),
    **{
        f"order.{what}": (OrderMoved, "the order's owner")
        for what in ("posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired")
    },
    "order.quarantined": (OrderQuarantined, "the order's owner, and the operators"),
    **{
        f"frame.{what}": (FrameMoved, "every party to it")
        for what in ("drafted", "signed", "agreed", "declined", "ended")
    },
    "endpoint.disabled": (EndpointTold, "the endpoint's party, and the operators"),
    "endpoint.test": (EndpointTold, "the endpoint's party, at that endpoint alone"),
}
# Every kind, with the type of its data and who is told.
KINDS: dict[str, tuple[type, str]] = {
    kind: _DATA.get(kind, (ContractMoved, _SIDES)) for kind in get_args(Kind)
}


@dataclass(frozen=True)
class Happening:
    """An event to be. `subject_id` is the match, order or agreement it is about.

    `parties` are the ids of who is told, `occurred_at` is when it happened, where that is not now.
    """

    kind: Kind
    subject_id: UUID
    subject_version: int
    data: MatchMade | ContractMoved | FrameMoved | OrderMoved | OrderQuarantined | EndpointTold
    parties: Collection[UUID]
    occurred_at: datetime | None = None


def record(session: Session, happenings: Sequence[Happening]) -> int:
    """Writes the events in the caller's transaction and asks for a ring for their deliveries.

    What is still due of older events that these overtake is withdrawn. An event already recorded (same kind,
    subject and version) is skipped, notices and all. Returns how many were new. A few statements in all,
    however many events there are.
    """
    events = _write_events(session, happenings)
    withdraw_overtaken(session, [(each.kind, each.subject_id) for each in events.values()])
    notices = [
        {"id": uuid7(), "event_id": event_id, "party_id": party_id}
        for event_id, happening in events.items()
        for party_id in dict.fromkeys(happening.parties)
    ]
    kinds = {event_id: happening.kind for event_id, happening in events.items()}
    if not notices:
        return len(events)
    session.execute(insert(Notice), notices)
    ways = ways_of(session, {notice["party_id"] for notice in notices})
    at = now()
    deliveries: list[dict[str, Any]] = [
        {
            "id": uuid7(), "notice_id": notice["id"], "channel": way.channel, "address": way.address,
            "endpoint_id": way.endpoint_id, "contact_id": way.contact and way.contact.id,
            "digest": way.digest_at(kind) is not None, "due_at": way.leaves(kind, at),
        }
        for notice in notices
        for kind in [kinds[notice["event_id"]]]
        for way in ways[notice["party_id"]]
        if way.wants(kind)
    ]  # fmt: skip
    if deliveries:
        session.execute(insert(Delivery), deliveries)
    if any(delivery["due_at"] <= at for delivery in deliveries):
        ring(session, "deliver", "due")
    return len(events)


def tell_endpoint(session: Session, endpoint: Endpoint, data: EndpointTold) -> UUID:
    """Tells one endpoint alone of a test; returns the id of the delivery."""
    told = Happening("endpoint.test", endpoint.id, int(now().timestamp() * 1000), data, [endpoint.party_id])
    (event_id,) = _write_events(session, [told])
    notice = Notice(event_id=event_id, party_id=endpoint.party_id)
    session.add(notice)
    session.flush()
    delivery = Delivery(notice_id=notice.id, channel="webhook", address=endpoint.url, endpoint_id=endpoint.id)
    session.add(delivery)
    session.flush()
    ring(session, "deliver", "due")
    return delivery.id


def _write_events(session: Session, happenings: Sequence[Happening]) -> dict[UUID, Happening]:
    """Those that were new, by the event's id."""
    if not happenings:
        return {}
    candidates = {uuid7(): happening for happening in happenings}
    occurred_at = now()
    rows = [
        {
            "id": event_id,
            "kind": happening.kind,
            "subject_id": happening.subject_id,
            "subject_version": happening.subject_version,
            "data": happening.data,
            "occurred_at": happening.occurred_at or occurred_at,
        }
        for event_id, happening in candidates.items()
    ]
    written = session.scalars(
        insert_or_skip(Event)
        .on_conflict_do_nothing(index_elements=[Event.kind, Event.subject_id, Event.subject_version])
        .returning(Event.id),
        rows,
    )
    return {event_id: candidates[event_id] for event_id in written}

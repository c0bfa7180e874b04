"""Drawing down a frame agreement: a call makes a contract of its own, with document, life and deliveries."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.book.checks import Faults, crop_named, grams, positive
from matcher.book.demands import DemandPost, post_demand
from matcher.book.lots import LotPost, post_lot
from matcher.clock import today
from matcher.contracts.called import drawn
from matcher.contracts.steps import add_step
from matcher.errors import Fault, Invalid
from matcher.fields import Amount, Day, Quantity, kilograms_text
from matcher.frames.life import locked
from matcher.knowledge import Knowledge
from matcher.parties import get_party
from matcher.store.tables import Contract, Frame, FrameCall, OrderNews, Party
from matcher.trading.pairing import match_pair


class CallPost(BaseModel):
    """So much of it, to arrive within these days."""

    model_config = ConfigDict(extra="forbid")

    quantity_kg: Quantity
    deliver_from: Day
    deliver_until: Day


def call(
    session: Session, frame_id: UUID, party: Party, post: CallPost, knowledge: Knowledge, settings: Settings
) -> Contract:
    """Calls a part: its two orders are matched with each other at the frame's price, a contract is drafted.

    Raises NotFound, Conflict, and Invalid for more than remains, days outside the frame, or goods that can
    not arrive so.
    """
    frame = locked(session, frame_id, party, "call")
    goods = frame.terms["goods"]
    crop = crop_named(knowledge.catalogue, goods["crop"]["key"])
    faults = Faults()
    quantity_g = grams(faults, "quantity_kg", post.quantity_kg, crop)
    positive(faults, "quantity_kg", quantity_g)
    left_g = drawn(session, frame).remaining_g
    if quantity_g > left_g:
        left = kilograms_text(max(left_g, 0))
        used_up = "Call nothing more; agree on another, or have an earlier call cancelled or amended."
        remedy = f"Call at most {left} kg." if left_g > 0 else used_up
        faults.add("quantity_kg", f"{left} kg of the agreement are left", remedy)
    first = max(goods["from_day"], today().isoformat())
    for name in ("deliver_from", "deliver_until"):
        day = getattr(post, name).isoformat()
        if not first <= day <= goods["until_day"]:
            faults.add(name, "outside the agreement", f"Give a day from {first} to {goods['until_day']}.")
    faults.raise_any()
    contract = _contract(session, frame, post, quantity_g, knowledge, settings)
    session.add(FrameCall(frame_id=frame.id, contract_id=contract.id))
    session.flush()
    facts = {"drawn": contract.number, "quantity_kg": contract.terms["quantity_kg"], "name": party.name}
    add_step(session, frame, "called", contract.drafted_at, str(party.id), **facts)
    return contract


def contracts_of(session: Session, frame: Frame) -> list[UUID]:
    """The contracts drawn from it, in order, also those that came to nothing."""
    own = select(FrameCall.contract_id).where(FrameCall.frame_id == frame.id)
    return list(session.scalars(own.order_by(FrameCall.contract_id)))


def _contract(  # the call, and what is known of the world
    session: Session, frame: Frame, post: CallPost, quantity_g: int, knowledge: Knowledge, settings: Settings
) -> Contract:
    sides = {side["kind"]: get_party(session, UUID(side["id"])) for side in frame.terms["parties"]}
    goods = frame.terms["goods"]
    both = {
        "crop": goods["crop"]["key"],
        "quantity_kg": Amount(Decimal(quantity_g) / 1000),
        "min_take_kg": Amount(Decimal(quantity_g) / 1000),
    }
    offered = both | {
        "variety": goods["variety"], "grade": goods["grade"], "ask": goods["price"],
        "harvest_from": today(), "harvest_until": post.deliver_until, "storage": goods["storage"],
        "place": _place(goods["origin"]),
    }  # fmt: skip
    wanted = both | {
        "min_grade": goods["grade"], "bid": goods["price"], "deliver_from": post.deliver_from,
        "deliver_until": post.deliver_until, "place": _place(goods["destination"]),
    }  # fmt: skip
    if post.deliver_until < post.deliver_from:
        raise Invalid(Fault("deliver_until", "before deliver_from", f"Give {post.deliver_from} or later."))
    lot = post_lot(session, sides["producer"], LotPost.model_validate(offered), knowledge)
    demand = post_demand(session, sides["buyer"], DemandPost.model_validate(wanted), knowledge)
    contract = match_pair(session, lot, demand, knowledge, settings)
    # The two are the contract's alone: no orders of their owners, who are told of the match and no more.
    lot.called = demand.called = True
    session.execute(delete(OrderNews).where(OrderNews.order_id.in_((lot.id, demand.id))))
    session.flush()
    return contract


def _place(kept: dict[str, Any]) -> dict[str, Any]:
    if kept["place_code"] is not None:
        return {"code": kept["place_code"], "vintage": kept["place_vintage"]}
    coordinate = {name: float(kept[name]) for name in ("latitude", "longitude")}
    return {"name": kept["place_name"]} | coordinate

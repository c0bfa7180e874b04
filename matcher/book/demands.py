"""Demands: what a buyer wants."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.book.checks import Faults, crop_named, grams, in_order, known, positive, within
from matcher.book.news import note_posted
from matcher.book.orders import amend, book_changed, keeps_crop, lock_order, posted_anew, quantities_shown
from matcher.book.page_link import order_page_path
from matcher.book.place import PlacePost, PlaceView, place_columns, place_said, place_view
from matcher.catalogue import Catalogue, Crop
from matcher.clock import today
from matcher.fields import Amount, Day, Dong, Instant, Kilograms, Quantity, Text, kilograms
from matcher.knowledge import Knowledge
from matcher.parties import require
from matcher.quarantine import Quarantine
from matcher.store.tables import Demand, Party

MOST_SELLERS = 1000  # that a demand may name as its limit


class DemandPost(BaseModel):
    """A demand as posted. Only crop, min_grade, quantity_kg, bid, the delivery days and place are needed."""

    model_config = ConfigDict(extra="forbid")

    crop: Text
    varieties: Annotated[list[Text], Field(max_length=20)] = Field([], description="none: any variety")
    min_grade: Text
    quantity_kg: Quantity
    min_fill_kg: Quantity = Field(Amount(Decimal(0)), description="below this total you want nothing at all")
    min_take_kg: Quantity = Field(Amount(Decimal(0)), description="the smallest part from one lot")
    max_sellers: Annotated[int, Field(strict=True, ge=1, le=MOST_SELLERS)] | None = None
    bid: Dong = Field(description="the most you pay, đồng per kg delivered")
    deliver_from: Day
    deliver_until: Day
    place: PlacePost
    max_distance_km: Annotated[int, Field(strict=True, ge=1, le=3000)] | None = None
    certificates_required: Annotated[list[Text], Field(max_length=20)] = []
    min_ocop_stars: Annotated[int, Field(strict=True, ge=1, le=5)] | None = None
    market: Text = "VN"
    min_shelf_life_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = Field(
        0, description="days of shelf life still left on arrival"
    )
    decide_by: Instant | None = Field(
        None, description="when you must know: your matches freeze then at the latest; a past one, at once"
    )


class DemandView(BaseModel):
    """A demand as it stands in the book."""

    id: UUID
    version: int
    state: Literal["open", "filled", "withdrawn", "expired"]
    party_id: UUID
    crop: str
    varieties: list[str]
    min_grade: str
    quantity_kg: Kilograms
    taken_kg: Kilograms
    remaining_kg: Kilograms
    min_fill_kg: Kilograms
    min_take_kg: Kilograms
    max_sellers: int | None
    bid: int
    deliver_from: date
    deliver_until: date
    place: PlaceView
    max_distance_km: int | None
    certificates_required: list[str]
    min_ocop_stars: int | None
    market: str
    min_shelf_life_days: int
    decide_by: datetime | None
    posted_at: datetime
    expires_on: date
    quarantine: Quarantine
    page: str = Field(description="path of its page; whoever has it may read the page, without a key")


def post_demand(session: Session, party: Party, post: DemandPost, knowledge: Knowledge) -> Demand:
    """Puts a demand into the book. Raises Forbidden unless `party` is a buyer, Invalid naming every fault."""
    require(party, "buyer")
    columns = _columns(post, knowledge)
    demand = Demand(party_id=party.id, changed_in=book_changed(session, columns["crop"]), **columns)
    session.add(demand)
    session.flush()
    note_posted(session, demand)
    return demand


def amend_demand(
    session: Session,
    party: Party,
    demand_id: UUID,
    changes: dict[str, Any],
    version: int | None,
    knowledge: Knowledge,
) -> Demand:
    """Changes the named fields of an open demand; the result is checked like a new post."""
    demand = lock_order(session, Demand, demand_id, party, version)
    post = posted_anew(DemandPost, _said(demand), changes)
    keeps_crop(demand, post.crop)
    amend(session, demand, _columns(post, knowledge))
    return demand


def demand_view(demand: Demand) -> DemandView:
    shown = {name: getattr(demand, name) for name in DemandView.model_fields if hasattr(demand, name)}
    return DemandView(
        **shown,
        **quantities_shown(demand),
        min_fill_kg=kilograms(demand.min_fill_g),
        max_distance_km=None if demand.max_distance_m is None else demand.max_distance_m // 1000,
        place=place_view(demand),
        page=order_page_path(demand),
    )


def _columns(post: DemandPost, knowledge: Knowledge) -> dict[str, Any]:
    crop = crop_named(knowledge.catalogue, post.crop)
    faults = Faults()
    _check_words(faults, post, crop, knowledge.catalogue)
    quantities = _quantities(faults, post, crop)
    in_order(faults, "deliver", post.deliver_from, post.deliver_until, longest_days=366)
    if post.deliver_until < today():
        faults.add("deliver_until", "already past", f"Give {today()} or a later day.")
    place = place_columns(faults, post.place, knowledge.places)
    faults.raise_any()
    plain = post.model_dump(exclude={"quantity_kg", "min_fill_kg", "min_take_kg", "max_distance_km", "place"})
    distance = None if post.max_distance_km is None else post.max_distance_km * 1000
    return plain | quantities | place | {"max_distance_m": distance, "expires_on": post.deliver_until}


def _check_words(faults: Faults, post: DemandPost, crop: Crop, catalogue: Catalogue) -> None:
    for index, variety in enumerate(post.varieties):
        known(faults, f"varieties.{index}", variety, crop.variety_keys, "variety")
    for index, scheme in enumerate(post.certificates_required):
        known(faults, f"certificates_required.{index}", scheme, catalogue.certificates, "scheme")
    known(faults, "min_grade", post.min_grade, crop.grade_keys, "grade")
    known(faults, "market", post.market, catalogue.markets, "market")
    longest = max(crop.shelf_life_days.values())
    if post.min_shelf_life_days > longest:
        faults.add("min_shelf_life_days", f"more than {crop.key} keeps at all", f"Give at most {longest}.")


def _quantities(faults: Faults, post: DemandPost, crop: Crop) -> dict[str, int]:
    quantity_g = grams(faults, "quantity_kg", post.quantity_kg, crop)
    min_fill_g = grams(faults, "min_fill_kg", post.min_fill_kg, crop)
    min_take_g = grams(faults, "min_take_kg", post.min_take_kg, crop)
    positive(faults, "quantity_kg", quantity_g)
    within(faults, "min_fill_kg", min_fill_g, quantity_g)
    within(faults, "min_take_kg", min_take_g, quantity_g)
    return {"quantity_g": quantity_g, "min_fill_g": min_fill_g, "min_take_g": min_take_g}


def _said(demand: Demand) -> dict[str, Any]:
    said = {name: getattr(demand, name) for name in DemandPost.model_fields if hasattr(demand, name)}
    return said | {
        "quantity_kg": kilograms(demand.quantity_g),
        "min_fill_kg": kilograms(demand.min_fill_g),
        "min_take_kg": kilograms(demand.min_take_g),
        "max_distance_km": None if demand.max_distance_m is None else demand.max_distance_m // 1000,
        "place": place_said(demand),
    }

"""Lots: what a producer offers."""

from datetime import date, datetime, timedelta
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
from matcher.store.tables import Lot, Party


class Certificate(BaseModel):
    """A certificate of the lot: its scheme's key in the catalogue, its number and its days of validity."""

    model_config = ConfigDict(extra="forbid")

    scheme: Text
    number: Text
    valid_from: Day
    valid_until: Day


class LotPost(BaseModel):
    """A lot as posted. Only crop, grade, quantity_kg, ask, the harvest days and the place are needed."""

    model_config = ConfigDict(extra="forbid")

    crop: Text
    variety: Text | None = None
    grade: Text
    quantity_kg: Quantity
    min_take_kg: Quantity = Field(Amount(Decimal(0)), description="the smallest part you will sell")
    multiple_kg: Quantity | None = Field(None, description="the packing unit: takes are whole multiples")
    ask: Dong = Field(description="the least you accept, đồng per kg at the farm gate")
    harvest_from: Day
    harvest_until: Day
    place: PlacePost
    storage: Literal["ambient", "cool"] = "ambient"
    certificates: Annotated[list[Certificate], Field(max_length=20)] = []
    ocop_stars: Annotated[int, Field(strict=True, ge=1, le=5)] | None = None
    growing_area_code: Text | None = None
    forecast: Annotated[bool, Field(strict=True)] = False
    decide_by: Instant | None = Field(
        None, description="when you must know: your matches freeze then at the latest; a past one, at once"
    )


class LotView(BaseModel):
    """A lot as it stands in the book."""

    id: UUID
    version: int
    state: Literal["open", "filled", "withdrawn", "expired"]
    party_id: UUID
    crop: str
    variety: str | None
    grade: str
    quantity_kg: Kilograms
    taken_kg: Kilograms
    remaining_kg: Kilograms
    min_take_kg: Kilograms
    multiple_kg: Kilograms | None
    ask: int
    harvest_from: date
    harvest_until: date
    place: PlaceView
    storage: Literal["ambient", "cool"]
    certificates: list[Certificate]
    ocop_stars: int | None
    growing_area_code: str | None
    forecast: bool
    decide_by: datetime | None
    posted_at: datetime
    expires_on: date
    quarantine: Quarantine
    page: str = Field(description="path of its page; whoever has it may read the page, without a key")


def post_lot(session: Session, party: Party, post: LotPost, knowledge: Knowledge) -> Lot:
    """Puts a lot into the book. Raises Forbidden unless `party` is a producer, Invalid naming every fault."""
    require(party, "producer")
    columns = _columns(post, knowledge)
    lot = Lot(party_id=party.id, changed_in=book_changed(session, columns["crop"]), **columns)
    session.add(lot)
    session.flush()
    note_posted(session, lot)
    return lot


def amend_lot(
    session: Session,
    party: Party,
    lot_id: UUID,
    changes: dict[str, Any],
    version: int | None,
    knowledge: Knowledge,
) -> Lot:
    """Changes the named fields of an open lot; the result is checked like a new post."""
    lot = lock_order(session, Lot, lot_id, party, version)
    post = posted_anew(LotPost, _said(lot), changes)
    keeps_crop(lot, post.crop)
    amend(session, lot, _columns(post, knowledge))
    return lot


def lot_view(lot: Lot) -> LotView:
    shown = {name: getattr(lot, name) for name in LotView.model_fields if hasattr(lot, name)}
    return LotView(
        **shown,
        **quantities_shown(lot),
        multiple_kg=None if lot.multiple_g is None else kilograms(lot.multiple_g),
        place=place_view(lot),
        page=order_page_path(lot),
    )


def _columns(post: LotPost, knowledge: Knowledge) -> dict[str, Any]:
    crop = crop_named(knowledge.catalogue, post.crop)
    faults = Faults()
    _check_words(faults, post, crop, knowledge.catalogue)
    quantities = _quantities(faults, post, crop)
    expires_on = _last_fresh_day(faults, post, crop)
    place = place_columns(faults, post.place, knowledge.places)
    faults.raise_any()
    plain = post.model_dump(exclude={"quantity_kg", "min_take_kg", "multiple_kg", "place", "certificates"})
    certificates = [certificate.model_dump(mode="json") for certificate in post.certificates]
    return plain | quantities | place | {"certificates": certificates, "expires_on": expires_on}


def _check_words(faults: Faults, post: LotPost, crop: Crop, catalogue: Catalogue) -> None:
    known(faults, "variety", post.variety, crop.variety_keys, "variety")
    known(faults, "grade", post.grade, crop.grade_keys, "grade")
    known(faults, "storage", post.storage, crop.shelf_life_days, "shelf life in storage")
    for index, certificate in enumerate(post.certificates):
        path = f"certificates.{index}"
        known(faults, f"{path}.scheme", certificate.scheme, catalogue.certificates, "scheme")
        in_order(faults, f"{path}.valid", certificate.valid_from, certificate.valid_until)


def _quantities(faults: Faults, post: LotPost, crop: Crop) -> dict[str, int | None]:
    quantity_g = grams(faults, "quantity_kg", post.quantity_kg, crop)
    min_take_g = grams(faults, "min_take_kg", post.min_take_kg, crop)
    positive(faults, "quantity_kg", quantity_g)
    within(faults, "min_take_kg", min_take_g, quantity_g)
    multiple_g = None
    if post.multiple_kg is not None:
        multiple_g = grams(faults, "multiple_kg", post.multiple_kg, crop)
        positive(faults, "multiple_kg", multiple_g)
        within(faults, "multiple_kg", multiple_g, quantity_g)
        if multiple_g and -(-min_take_g // multiple_g) * multiple_g > quantity_g and not faults:
            faults.add(
                "min_take_kg", "no whole multiple lies between it and the quantity",
                "Lower it, or post a quantity of more whole multiples.",
            )  # fmt: skip
    return {"quantity_g": quantity_g, "min_take_g": min_take_g, "multiple_g": multiple_g}


def _last_fresh_day(faults: Faults, post: LotPost, crop: Crop) -> date:
    in_order(faults, "harvest", post.harvest_from, post.harvest_until, longest_days=366)
    last = post.harvest_until + timedelta(days=crop.shelf_life_days.get(post.storage, 0))
    if last < today():
        faults.add(
            "harvest_until", f"such a lot was fresh only until {last}", "Give a lot that is still fresh."
        )
    return last


def _said(lot: Lot) -> dict[str, Any]:
    said = {name: getattr(lot, name) for name in LotPost.model_fields if hasattr(lot, name)}
    return said | {
        "quantity_kg": kilograms(lot.quantity_g),
        "min_take_kg": kilograms(lot.min_take_g),
        "multiple_kg": None if lot.multiple_g is None else kilograms(lot.multiple_g),
        "place": place_said(lot),
    }

"""What a frame agreement or memorandum says: posted, checked, and kept as plain JSON that all sides sign."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.book.checks import Faults, crop_named, grams, in_order, known, positive
from matcher.book.place import PlacePost, place_columns
from matcher.contracts.terms import kilograms_text
from matcher.fields import Day, Dong, Quantity, Text
from matcher.knowledge import Knowledge
from matcher.parties import get_party
from matcher.store.tables import Party

Kind = Literal["frame", "memorandum"]
LONGEST_DAYS = 731


class Goods(BaseModel):
    """What is to be traded over the season; a frame has a price, and the places goods leave and come to."""

    model_config = ConfigDict(extra="forbid")

    crop: Text
    variety: Text | None = None
    grade: Text
    quantity_kg: Quantity
    price: Annotated[Dong | None, Field(description="đồng per kg at the farm gate; a frame needs it")] = None
    from_day: Day
    until_day: Day
    origin: PlacePost | None = None
    destination: PlacePost | None = None
    storage: Literal["ambient", "cool"] = "ambient"


class FramePost(BaseModel):
    """A frame agreement between a producer and a buyer, or a memorandum between two or more parties."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    parties: Annotated[list[UUID], Field(min_length=2, max_length=50)]
    goods: Goods
    clauses: Annotated[list[Text], Field(max_length=50)] = []


def frame_terms(session: Session, post: FramePost, knowledge: Knowledge, number: str) -> dict[str, Any]:
    """The terms as they are signed. Raises Invalid naming every fault, NotFound for an unknown party."""
    goods, faults = post.goods, Faults()
    crop = crop_named(knowledge.catalogue, goods.crop)
    known(faults, "goods.variety", goods.variety, crop.variety_keys, "variety")
    known(faults, "goods.grade", goods.grade, crop.grade_keys, "grade")
    quantity_g = grams(faults, "goods.quantity_kg", goods.quantity_kg, crop)
    positive(faults, "goods.quantity_kg", quantity_g)
    if goods.until_day < goods.from_day:
        in_order(faults, "goods", goods.from_day, goods.until_day, LONGEST_DAYS)
    sides = [get_party(session, party_id) for party_id in dict.fromkeys(post.parties)]
    _check_sides(faults, post, sides)
    places = {
        name: {} if place is None else place_columns(faults, place, knowledge.places)
        for name, place in (("origin", goods.origin), ("destination", goods.destination))
    }
    faults.raise_any()
    return {
        "number": number,
        "kind": post.kind,
        "parties": [_side(party) for party in sides],
        "goods": {
            "crop": {"key": crop.key, "vi": crop.names.vi, "en": crop.names.en},
            "variety": goods.variety,
            "grade": goods.grade,
            "quantity_kg": kilograms_text(quantity_g),
            "price": goods.price,
            "from_day": goods.from_day.isoformat(),
            "until_day": goods.until_day.isoformat(),
            "storage": goods.storage,
            # Coordinates as text: what is signed holds no number that could be rounded.
            **{name: {key: _text(value) for key, value in place.items()} for name, place in places.items()},
        },
        "clauses": post.clauses,
    }


def _check_sides(faults: Faults, post: FramePost, sides: list[Party]) -> None:
    if len(sides) < 2:
        faults.add("parties", "the same party twice", "Name each party once.")
    if any(party.kind == "operator" for party in sides):
        faults.add("parties", "an operator is no side", "Name producers and buyers.")
    if post.kind == "memorandum":
        return
    if sorted(party.kind for party in sides) != ["buyer", "producer"]:
        faults.add("parties", "not one producer and one buyer", "For more parties post a memorandum.")
    for name in ("price", "origin", "destination"):
        if getattr(post.goods, name) is None:
            faults.add(f"goods.{name}", "is missing", "Give it: calls are made by it.")


def _side(party: Party) -> dict[str, Any]:
    shown = ("kind", "name", "address", "tax_code", "representative", "position")
    return {"id": str(party.id)} | {name: getattr(party, name) for name in shown}


def _text(value: object) -> str | None:
    return None if value is None else str(value)

"""What a frame agreement or memorandum says: posted, checked, and kept as plain JSON that all sides sign."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.book.checks import FURTHEST, Faults, crop_named, grams, known, positive
from matcher.book.place import PlacePost, place_columns
from matcher.clock import today
from matcher.contracts.terms import party_terms
from matcher.contracts.wording import wording_sha256
from matcher.errors import Fault
from matcher.fields import Clause, Day, Price, Quantity, Text, kilograms_text
from matcher.knowledge import Knowledge
from matcher.store.tables import Party

Kind = Literal["frame", "memorandum"]
LONGEST_DAYS = 731
TEMPLATE = "frame/1"


class Goods(BaseModel):
    """What is to be traded over the season; a frame has a price, and the places goods leave and come to."""

    model_config = ConfigDict(extra="forbid")

    crop: Text
    variety: Text | None = None
    grade: Text
    quantity_kg: Quantity
    price: Annotated[Price | None, Field(description="đồng per kg at the farm gate; a frame needs it")] = None
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
    clauses: Annotated[list[Clause], Field(max_length=50)] = []
    linkage: Annotated[
        bool, Field(strict=True, description="a linkage contract, on the legal bases of those as well")
    ] = False


def frame_terms(session: Session, post: FramePost, knowledge: Knowledge, number: str) -> dict[str, Any]:
    """The terms as they are signed. Raises Invalid naming every fault.

    They name the parties and no more: whoever drafts may name anybody, and what else is known of a party
    comes with its own signature, as its `particulars`.
    """
    goods, faults = post.goods, Faults()
    crop = crop_named(knowledge.catalogue, goods.crop, "goods.crop")
    known(faults, "goods.variety", goods.variety, crop.variety_keys, "variety")
    known(faults, "goods.grade", goods.grade, crop.grade_keys, "grade")
    quantity_g = grams(faults, "goods.quantity_kg", goods.quantity_kg, crop)
    positive(faults, "goods.quantity_kg", quantity_g)
    _check_season(faults, goods)
    sides = _sides(faults, session, post)
    _check_sides(faults, post, sides)
    places = {
        name: {} if place is None else _place(faults, f"goods.{name}", place, knowledge)
        for name, place in (("origin", goods.origin), ("destination", goods.destination))
    }
    faults.raise_any()
    words = knowledge.catalogue.contract
    return {
        "template": TEMPLATE,
        "template_sha256": wording_sha256(TEMPLATE),
        "rules": words.rules.model_dump(mode="json"),
        "legal_bases": [
            names.model_dump() for names in words.bases_of("linkage" if post.linkage else "sale")
        ],
        "number": number,
        "kind": post.kind,
        "parties": [{"kind": party.kind, "id": str(party.id), "name": party.name} for party in sides],
        "goods": {
            "crop": {"key": crop.key, "vi": crop.names.vi, "en": crop.names.en},
            "variety": goods.variety,
            "variety_names": _names(crop.varieties, goods.variety),
            "grade": goods.grade,
            "grade_names": _names(crop.grades, goods.grade),
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


def particulars(party: Party) -> dict[str, Any]:
    """What a party adds to its name when it signs: address, tax code, bank account and the like, as now."""
    return {name: value for name, value in party_terms(party).items() if name not in ("id", "name")}


def _sides(faults: Faults, session: Session, post: FramePost) -> list[Party]:
    """The parties named. Who is no producer or buyer is not told from who does not exist."""
    if len(set(post.parties)) < len(post.parties):
        faults.add("parties", "the same party twice", "Name each party once.")
    named = [session.get(Party, party_id) for party_id in post.parties]
    for index, party in enumerate(named):
        if party is None or party.kind == "operator":
            what = f"no producer or buyer {post.parties[index]}"
            faults.add(f"parties.{index}", what, "Give the ids of producers and buyers.")
    return [party for party in named if party is not None and party.kind != "operator"]


def _check_sides(faults: Faults, post: FramePost, sides: list[Party]) -> None:
    if post.kind == "memorandum":
        return
    if len(sides) == len(post.parties) and sorted(party.kind for party in sides) != ["buyer", "producer"]:
        faults.add("parties", "not one producer and one buyer", "For more parties post a memorandum.")
    for name in ("price", "origin", "destination"):
        if getattr(post.goods, name) is None:
            faults.add(f"goods.{name}", "is missing", "Give it: calls are made by it.")


def _check_season(faults: Faults, goods: Goods) -> None:
    if goods.until_day < goods.from_day:
        faults.add("goods.until_day", f"before {goods.from_day}", f"Give {goods.from_day} or a later day.")
    elif goods.until_day < today():
        faults.add("goods.until_day", "has passed", "Give today or a later day.")
    elif (goods.until_day - goods.from_day).days > LONGEST_DAYS or goods.until_day > today() + FURTHEST:
        faults.add("goods.until_day", "more than two years ahead, or after from_day", "Agree on each season.")


def _place(faults: Faults, path: str, posted: Any, knowledge: Knowledge) -> dict[str, Any]:
    found = Faults()
    columns = place_columns(found, posted, knowledge.places)
    faults.extend(Fault(path, fault.message, fault.remedy) for fault in found)
    return columns


def _names(entries: Iterable[Any], key: str | None) -> dict[str, str] | None:
    named = next((entry.names for entry in entries if entry.key == key), None)
    return named and {"vi": named.vi, "en": named.en}


def _text(value: object) -> str | None:
    return None if value is None else str(value)

"""A weigh ticket as it is posted, checked and turned into grams."""

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from matcher.book.checks import Faults, grams, known
from matcher.catalogue import Crop
from matcher.clock import day_of, now, today
from matcher.fields import Instant, PaperNumber, Quantity, Text, kilograms_text

FURTHEST_BACK = timedelta(days=60)


class GradePart(BaseModel):
    """How much of what was weighed was of which grade."""

    model_config = ConfigDict(extra="forbid")

    grade: str
    net_kg: Quantity


class DeliveryPost(BaseModel):
    """One weigh ticket. Net is gross less tare; the buyer takes over net less what it rejects."""

    model_config = ConfigDict(extra="forbid")

    ticket_number: PaperNumber
    delivered_at: Instant
    gross_kg: Quantity
    tare_kg: Quantity
    rejected_kg: Quantity | None = None
    rejection_reason: Text | None = None
    grades: Annotated[list[GradePart], Field(max_length=20)] = []
    surplus_kg: Annotated[
        Quantity | None,
        Field(description="of rejected_kg, what is fit to sell: the seller's new lot, if it says so"),
    ] = None
    final: Annotated[
        bool, Field(strict=True, description="nothing more comes; a shortfall is offered anew")
    ] = False
    note: Text | None = None


def ticket_columns(post: DeliveryPost, crop: Crop, agreed: date) -> dict[str, Any]:
    """What is written of it; `agreed` is the contract's day. Raises Invalid."""
    faults = Faults()
    weights = {
        f"{name}_g": 0 if said is None else grams(faults, f"{name}_kg", said, crop)
        for name, said in (
            ("gross", post.gross_kg), ("tare", post.tare_kg), ("rejected", post.rejected_kg),
            ("surplus", post.surplus_kg),
        )
    }  # fmt: skip
    net_g = weights["gross_g"] - weights["tare_g"]
    if net_g <= 0 and not faults:
        faults.add("tare_kg", "not less than gross_kg", "Give the weight of the empty vehicle and packages.")
    if weights["rejected_g"] > max(net_g, 0) and not faults:
        faults.add("rejected_kg", "more than the net weight", "Reject at most gross_kg less tare_kg.")
    if (weights["rejected_g"] > 0) != (post.rejection_reason is not None):
        faults.add("rejection_reason", "goes with rejected_kg", "Give both, or neither.")
    if weights["surplus_g"] > weights["rejected_g"]:
        remedy = "Weigh it, give what was not taken over as rejected_kg, and at most that much here."
        faults.add("surplus_kg", "more than was brought and not taken over", remedy)
    _check_time(faults, post, agreed)
    grades = _grades(faults, post, crop, net_g)
    faults.raise_any()
    plain = post.model_dump(include={"ticket_number", "delivered_at", "rejection_reason", "note"})
    return plain | weights | {"grades": grades}


def _check_time(faults: Faults, post: DeliveryPost, agreed: date) -> None:
    earliest = max(agreed, today() - FURTHEST_BACK)
    if post.delivered_at > now() + timedelta(minutes=5):
        faults.add("delivered_at", "has not come yet", "Give when the goods were weighed.")
    elif day_of(post.delivered_at) < earliest:
        why = "more than 60 days ago" if earliest > agreed else f"before the contract was agreed, on {agreed}"
        faults.add("delivered_at", why, f"Give when the goods were weighed, on {earliest} or later.")


def _grades(faults: Faults, post: DeliveryPost, crop: Crop, net_g: int) -> list[dict[str, Any]]:
    parts = []
    for index, part in enumerate(post.grades):
        known(faults, f"grades.{index}.grade", part.grade, crop.grade_keys, "grade")
        parts.append((part.grade, grams(faults, f"grades.{index}.net_kg", part.net_kg, crop)))
        if part.grade in [grade for grade, _ in parts[:index]]:
            faults.add(f"grades.{index}.grade", "named twice", "Give each grade once, with all its net_kg.")
    if parts and sum(weight for _, weight in parts) != net_g:
        right = kilograms_text(max(net_g, 0))
        faults.add("grades", "do not add up to the net weight", f"Let their net_kg add up to {right}.")
    return [{"grade": grade, "net_kg": kilograms_text(weight)} for grade, weight in parts]

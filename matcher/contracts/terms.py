"""The content of a contract: everything its document says, as plain JSON, taken once when it is drafted."""

from datetime import date
from typing import Any

from matcher.catalogue import Catalogue, Crop
from matcher.contracts.steps import digest
from matcher.contracts.wording import wording_sha256
from matcher.fields import kilograms_text
from matcher.knowledge import Knowledge
from matcher.places import Places
from matcher.store.tables import Demand, Lot, Match, Party

TEMPLATE = "sale/1"


def contract_terms(
    match: Match, crop: Crop, number: str, drafted_on: date, knowledge: Knowledge
) -> dict[str, Any]:
    """The terms of the match's contract; quantities as kg strings, money in whole đồng, days in ISO form.

    `template` names the wording they are put into, `template_sha256` is that of its file, so that whoever
    accepts the terms accepts the wording too. `rules` and `legal_bases` are those of config/contract.yaml.
    """
    lot, demand = match.lot, match.demand
    words = knowledge.catalogue.contract
    return {
        "template": TEMPLATE,
        "template_sha256": wording_sha256(TEMPLATE),
        "rules": words.rules.model_dump(mode="json"),
        "legal_bases": [names.model_dump() for names in words.bases_of("sale")],
        "number": number,
        "drafted_on": drafted_on.isoformat(),
        "seller": party_terms(match.seller),
        "buyer": party_terms(match.buyer),
        "goods": _goods(lot, match.seller, crop, knowledge.catalogue),
        "quantity_kg": kilograms_text(match.quantity_g),
        "price": _price(match),
        "amount": amount(match.quantity_g, match.price),
        "currency": "VND",
        "pick_day": match.pick_day.isoformat(),
        "leave_day": match.leave_day.isoformat(),
        "delivery_day": match.delivery_day.isoformat(),
        "deliver_until": demand.deliver_until.isoformat(),
        "origin": lot.place_name,
        "origin_also": _also(lot, knowledge.places),
        "destination": demand.place_name,
        "destination_also": _also(demand, knowledge.places),
        "distance_km": kilograms_text(match.distance_m),
    }


def last_day(terms: dict[str, Any]) -> date:
    """The last day on which the goods may come."""
    return date.fromisoformat(terms.get("deliver_until", terms["delivery_day"]))


def terms_hash(terms: dict[str, Any]) -> str:
    """What is signed: the digest of the terms in canonical form."""
    return digest(terms)


def amount(quantity_g: int, price: int) -> int:
    """What the quantity costs: whole đồng, half rounded up, for grams at đồng per kg."""
    return (quantity_g * price + 500) // 1000


PARTY_SHOWN = (
    "name", "address", "tax_code", "representative", "position", "authority", "phone", "email",
    "bank_account", "bank",
)  # fmt: skip


def party_terms(party: Party) -> dict[str, Any]:
    """A party as it is now, as it stands in what it signs."""
    return {"id": str(party.id)} | {name: getattr(party, name) for name in PARTY_SHOWN}


def _goods(lot: Lot, seller: Party, crop: Crop, catalogue: Catalogue) -> dict[str, Any]:
    grade = next(grade for grade in crop.grades if grade.key == lot.grade)
    variety = next((variety for variety in crop.varieties if variety.key == lot.variety), None)
    return {
        "lot_id": str(lot.id),
        "crop": {"key": crop.key, "vi": crop.names.vi, "en": crop.names.en, "hs": crop.hs},
        "variety": variety and {"key": variety.key, "vi": variety.names.vi, "en": variety.names.en},
        "grade": {"key": grade.key, "vi": grade.names.vi, "en": grade.names.en},
        "certificates": [_certificate(certificate, catalogue) for certificate in lot.certificates],
        "ocop_stars": lot.ocop_stars,
        "growing_area_code": lot.growing_area_code or seller.growing_area_code,
        "storage": lot.storage,
    }


def _certificate(certificate: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    scheme = catalogue.certificates.get(certificate["scheme"])
    # An operator may have taken a scheme out of the catalogue since the lot was posted.
    names = scheme.names.model_dump() if scheme else dict.fromkeys(("vi", "en"), certificate["scheme"])
    return certificate | names


def _also(order: Lot | Demand, places: Places) -> dict[str, list[str]]:
    """What the order's place was called before 1 July 2025, or is called now; nothing for a coordinate."""
    if order.place_code is None or order.place_vintage is None:
        return {"before": [], "now": []}
    if order.place_vintage == "2025":
        before = places.counterparts(order.place_code, "2025")
        return {"before": [place.full_name for place in before], "now": []}
    # Of what an old commune became the likeliest only: goods come from one place.
    now = places.counterparts(order.place_code, "legacy")[:1]
    return {"before": [], "now": [place.full_name for place in now]}


def _price(match: Match) -> dict[str, int]:
    """The arithmetic of the price, đồng per kg: what the buyer pays is farm gate plus transport."""
    return {
        "ask": match.ask,
        "bid": match.bid,
        "transport": match.transport,
        "farm_gate": match.price,
        "delivered": match.price + match.transport,
        "seller_gains": match.price - match.ask,
        "buyer_gains": match.bid - match.transport - match.price,
    }

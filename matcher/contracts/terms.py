"""The content of a contract: everything its document says, as plain JSON, taken once when it is drafted."""

from typing import Any

from matcher.catalogue import Crop
from matcher.contracts.steps import digest
from matcher.fields import kilograms
from matcher.store.tables import Lot, Match, Party


def contract_terms(match: Match, crop: Crop, number: str) -> dict[str, Any]:
    """The terms of the match's contract; quantities as kg strings, money in whole đồng, days in ISO form."""
    lot = match.lot
    return {
        "number": number,
        "seller": _party(match.seller),
        "buyer": _party(match.buyer),
        "goods": _goods(lot, crop),
        "quantity_kg": kilograms_text(match.quantity_g),
        "price": _price(match),
        "amount": amount(match.quantity_g, match.price),
        "currency": "VND",
        "pick_day": match.pick_day.isoformat(),
        "leave_day": match.leave_day.isoformat(),
        "delivery_day": match.delivery_day.isoformat(),
        "origin": lot.place_name,
        "destination": match.demand.place_name,
        "distance_km": kilograms_text(match.distance_m),
    }


def terms_hash(terms: dict[str, Any]) -> str:
    """What is signed: the digest of the terms in canonical form."""
    return digest(terms)


def kilograms_text(grams: int) -> str:
    """Grams as exact kg without needless zeros, "1250.5"; metres as km the same way."""
    return f"{kilograms(grams).normalize():f}"


def amount(quantity_g: int, price: int) -> int:
    """What the quantity costs: whole đồng, half rounded up, for grams at đồng per kg."""
    return (quantity_g * price + 500) // 1000


def _party(party: Party) -> dict[str, Any]:
    shown = ("name", "address", "tax_code", "representative", "phone", "email")
    return {"id": str(party.id)} | {name: getattr(party, name) for name in shown}


def _goods(lot: Lot, crop: Crop) -> dict[str, Any]:
    grade = next(grade for grade in crop.grades if grade.key == lot.grade)
    variety = next((variety for variety in crop.varieties if variety.key == lot.variety), None)
    return {
        "lot_id": str(lot.id),
        "crop": {"key": crop.key, "vi": crop.names.vi, "en": crop.names.en, "hs": crop.hs},
        "variety": variety and {"key": variety.key, "vi": variety.names.vi, "en": variety.names.en},
        "grade": {"key": grade.key, "vi": grade.names.vi, "en": grade.names.en},
        "certificates": lot.certificates,
        "ocop_stars": lot.ocop_stars,
        "growing_area_code": lot.growing_area_code,
    }


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

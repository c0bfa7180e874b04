"""What a clearing has to tell: to both sides of each match, and of orders that it had to set aside."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from matcher.book.page_link import order_page_path
from matcher.catalogue import Crop
from matcher.contracts.draft import page_path
from matcher.fields import kilograms_text
from matcher.notices.events import CropNamed
from matcher.notices.record import Happening, record
from matcher.parties import get_party, operators
from matcher.quarantine import Reason
from matcher.store.tables import Contract, Demand, Lot, Match


def tell_of_matches(
    session: Session, crop: Crop, matches: Sequence[Match], contracts: Sequence[Contract]
) -> None:
    """Tells seller and buyer of each match and of its contract, contracts[i] being that of matches[i]."""
    record(
        session,
        [
            Happening(
                kind="match.made",
                subject_id=match.id,
                subject_version=1,
                data={
                    "contract_id": str(contract.id),
                    "contract_number": contract.number,
                    "contract_page": page_path(contract),
                    "crop": named(crop),
                    "quantity_kg": kilograms_text(match.quantity_g),
                    "price": match.price,
                    "delivery_day": match.delivery_day.isoformat(),
                    "seller": contract.terms["seller"]["name"],
                    "buyer": contract.terms["buyer"]["name"],
                },
                parties=(match.seller_id, match.buyer_id),
            )
            for match, contract in zip(matches, contracts, strict=True)
        ],
    )


def tell_of_quarantine(session: Session, crop: Crop, order: Lot | Demand, reason: Reason) -> None:
    """Tells the owner and every operator that the clearing passes this order over, and why."""
    told = {order.party_id, *(operator.id for operator in operators(session))}
    happening = Happening(
        kind="order.quarantined",
        subject_id=order.id,
        subject_version=order.version,
        data={
            "order": "lot" if isinstance(order, Lot) else "demand",
            "order_id": str(order.id),
            "order_page": order_page_path(order),
            "crop": named(crop),
            "quantity_kg": kilograms_text(order.quantity_g),
            "last_day": order.expires_on.isoformat(),
            "owner": get_party(session, order.party_id).name,
            "reason": reason,
        },
        parties=told,
    )
    record(session, [happening])


def named(crop: Crop) -> CropNamed:
    """The crop as events name it."""
    return {"key": crop.key, "vi": crop.names.vi, "en": crop.names.en}

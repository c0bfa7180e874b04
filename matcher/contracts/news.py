"""What the parties to a contract are told of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from matcher.contracts.draft import page_path
from matcher.contracts.owed import accepted_grams
from matcher.fields import kilograms_text
from matcher.notices.events import ContractMoved, Kind
from matcher.notices.record import Happening, record
from matcher.store.tables import Contract

# What may change how much came: these say how much it is now.
_OF_WHAT_CAME: tuple[Kind, ...] = (
    "contract.delivered", "contract.delivery_withdrawn", "contract.closed", "contract.closing_withdrawn",
)  # fmt: skip


def tell_of_contract(  # what the event says, and which it is
    session: Session,
    contract: Contract,
    kind: Kind,
    by: str,
    by_name: str,
    said: Mapping[str, Any],
    count: int,
) -> None:
    """Tells both sides what has become of their contract; `by` is seller, buyer, operator or deadline.

    `said` is what its step says: of that the reason is told, which ticket it is about, whether the
    deliveries are open again, and what was taken back. `count` sets the events of one kind apart.
    """
    crop = contract.terms["goods"]["crop"]
    data: ContractMoved = {
        "contract_id": str(contract.id),
        "contract_number": contract.number,
        "contract_page": page_path(contract),
        "crop": {"key": crop["key"], "vi": crop["vi"], "en": crop["en"]},
        "quantity_kg": contract.terms["quantity_kg"],
        "by": by,
        "by_name": by_name,
        "reason": said.get("reason"),
    }
    if "ticket_number" in said:
        data["ticket_number"] = said["ticket_number"]
    if kind in _OF_WHAT_CAME:
        data["accepted_kg"] = kilograms_text(accepted_grams(contract))
    if "open_again" in said:
        data["open_again"] = said["open_again"]
    if "taken_back_kg" in said:
        data["taken_back_kg"] = said["taken_back_kg"]
    parties = (contract.seller_id, contract.buyer_id)
    record(session, [Happening(kind, contract.id, count, data, parties)])

"""What a contract's buyer has taken over, what that costs, and what has been paid, by what stands."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from matcher.contracts.terms import amount
from matcher.store.tables import Contract, GoodsDelivery, Payment

Recording = TypeVar("Recording", GoodsDelivery, Payment)


def that_stand(recorded: Iterable[Recording]) -> list[Recording]:
    """Those that were not withdrawn."""
    return [each for each in recorded if each.withdrawn_at is None]


def accepted_grams(contract: Contract) -> int:
    """What the buyer has taken over so far."""
    return sum(each.net_g - each.rejected_g for each in that_stand(contract.deliveries))


def due(contract: Contract) -> int:
    """What the goods taken over so far cost at the farm gate, in đồng."""
    return amount(accepted_grams(contract), contract.terms["price"]["farm_gate"])


def payable(contract: Contract) -> int:
    """The most that is to be paid in all, in đồng: what is due, or all of the contract while goods may come.

    Paying before delivery is the buyer's to choose.
    """
    if contract.fulfilment in ("unfulfilled", "partly_delivered"):
        return int(contract.terms["amount"])
    return due(contract)


def paid_by(payments: Iterable[Payment], last: date = date.max) -> int:
    """What was paid until the end of `last`, in đồng, by the payments that stand."""
    return sum(each.amount for each in that_stand(payments) if each.paid_on <= last)

"""What each side of a contract, and an operator, may do with it now."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from matcher.clock import now, today
from matcher.contracts.owed import Recording, paid_by, payable, that_stand
from matcher.contracts.relied import relied_on_by_other
from matcher.contracts.terms import last_day
from matcher.errors import Conflict
from matcher.store.tables import Amendment, Contract, Party

Side = Literal["seller", "buyer"]
Move = Literal[
    "accept", "decline", "cancel", "amend", "accept_amendment", "decline_amendment", "withdraw_amendment",
    "record_delivery", "confirm_delivery", "withdraw_delivery", "record_payment", "confirm_payment",
    "withdraw_payment", "close", "withdraw_closing", "open_dispute", "close_dispute",
]  # fmt: skip
GRACE = timedelta(days=2)  # after the last day of delivery; then what was recorded is all that came
CLOSED = ("short", "breached")
WAITING = ("draft", "sent", "accepted_by_seller", "accepted_by_buyer")


def moves(contract: Contract, party: Party) -> list[Move]:
    """What `party` may do with the contract now."""
    if party.kind == "operator":
        return _operator_moves(contract)
    side = side_of(contract, party)
    return [
        *_signing_moves(contract, side),
        *_amending_moves(contract, party),
        *_fulfilling_moves(contract, side),
    ]


def _operator_moves(contract: Contract) -> list[Move]:
    if contract.signature != "agreed":
        return ["cancel"] if contract.signature in WAITING else _payment_moves(contract)
    # What has been delivered was taken; cancelling would put it back on the market. Closing does not.
    ends: dict[str, list[Move]] = {"unfulfilled": ["cancel"], "partly_delivered": ["close"]}
    withdraws = _payment_moves(contract)
    if that_stand(contract.deliveries):
        withdraws = ["withdraw_delivery", *withdraws]
    elif contract.fulfilment in CLOSED:
        withdraws = ["withdraw_closing", *withdraws]
    allowed = [*ends.get(contract.fulfilment, []), *withdraws]
    return [*allowed, "close_dispute"] if disputed_by(contract) else allowed


def _payment_moves(contract: Contract, side: Side | None = None) -> list[Move]:
    """Also of a cancelled contract: what was paid in advance and recorded by mistake, or paid back."""
    standing = that_stand(contract.payments)
    withdrawable = standing if side is None else _own(contract, standing, side)
    return ["withdraw_payment"] if withdrawable else []


def _own(contract: Contract, standing: Sequence[Recording], side: Side) -> list[Recording]:
    """What its side may still withdraw."""
    return [each for each in standing if each.side == side and not relied_on_by_other(each, contract)]


def _of_other(standing: Sequence[Recording], side: Side) -> list[Recording]:
    """What this side may confirm."""
    return [each for each in standing if each.side != side and each.confirmed_at is None]


def _fulfilling_moves(contract: Contract, side: Side) -> list[Move]:
    if contract.signature != "agreed":
        return _payment_moves(contract, side)
    tickets, payments = that_stand(contract.deliveries), that_stand(contract.payments)
    allowed: list[Move] = ["record_payment"] if payable(contract) > paid_by(payments) else []
    # Once the deliveries are closed, what was short is on the market again: then it is for an operator.
    if contract.fulfilment not in CLOSED and _own(contract, tickets, side):
        allowed += ["withdraw_delivery"]
    allowed += _payment_moves(contract, side)
    if _of_other(payments, side):
        allowed += ["confirm_payment"]
    if contract.fulfilment != "breached" and _of_other(tickets, side):
        allowed += ["confirm_delivery"]
    if contract.fulfilment in ("unfulfilled", "partly_delivered", "fulfilled"):
        allowed += ["record_delivery"]
    if contract.fulfilment in ("unfulfilled", "partly_delivered") and not may_still_come(contract, side):
        allowed += ["close"]
    return [*allowed, "close_dispute" if side in disputed_by(contract) else "open_dispute"]


def may_still_come(contract: Contract, side: Side) -> bool:
    """Whether it is too early for this side to say that nothing more comes: for the buyer, while it may."""
    return side == "buyer" and today() < closes_from(contract)


def closes_from(contract: Contract) -> date:
    """The first day on which the buyer may say so: after the last day of delivery.

    Where no weigh ticket stands, after the days of grace too: what came on the last day may yet be recorded.
    """
    grace = GRACE if contract.fulfilment == "unfulfilled" else timedelta(0)
    return last_day(contract.terms) + grace + timedelta(days=1)


def _signing_moves(contract: Contract, side: Side) -> list[Move]:
    if contract.signature not in WAITING or contract.deadline_at <= now():
        return []
    return ["decline"] if contract.signature == f"accepted_by_{side}" else ["accept", "decline"]


def _amending_moves(contract: Contract, party: Party) -> list[Move]:
    late = contract.signature in WAITING and contract.deadline_at <= now()
    if late or contract.signature not in (*WAITING, "agreed") or contract.fulfilment != "unfulfilled":
        return []
    proposed = open_amendment(contract)
    if proposed is None:
        return ["amend"]
    if proposed.side == side_of(contract, party):
        return ["withdraw_amendment"]
    return ["amend", "accept_amendment", "decline_amendment"]


def open_amendment(contract: Contract) -> Amendment | None:
    """The amendment that waits for the other side's answer, if any; past its deadline it waits no more."""
    waiting = (each for each in contract.amendments if each.state == "open" and each.deadline_at > now())
    return next(waiting, None)


def disputed_by(contract: Contract) -> set[Side]:
    """The sides whose dispute is open."""
    return {
        "seller" if each.side == "seller" else "buyer" for each in contract.disputes if not each.closed_at
    }


def side_of(contract: Contract, party: Party) -> Side:
    """Which side a party to the contract is."""
    return "seller" if party.id == contract.seller_id else "buyer"


def illegal(contract: Contract, party: Party, why: str) -> Conflict:
    """The refusal of a move: why, and what `party` may do instead."""
    return Conflict(f"{why}; you may now: {', '.join(moves(contract, party)) or 'nothing'}.")


def state_of(contract: Contract) -> str:
    """Its state in words that follow “This contract is”."""
    late = contract.signature in WAITING and contract.deadline_at <= now()
    return f"past its deadline of {contract.deadline_at:%Y-%m-%dT%H:%M:%SZ}" if late else contract.signature

"""Every kind of event, with the data that each carries and who is told of it."""

from typing import Literal, NotRequired, get_args

from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

from matcher.quarantine import Reason

Kind = Literal[
    "match.made", "contract.accepted", "contract.agreed", "contract.declined", "contract.lapsing",
    "contract.lapsed", "contract.cancelled", "contract.amendment_proposed", "contract.amendment_declined",
    "contract.amendment_withdrawn", "contract.amendment_lapsed", "contract.amended", "contract.delivered",
    "contract.delivery_confirmed", "contract.delivery_withdrawn", "contract.paid",
    "contract.payment_confirmed", "contract.payment_withdrawn", "contract.closed",
    "contract.closing_withdrawn", "contract.dispute_opened", "contract.dispute_closed",
    "order.posted", "order.amended", "order.filled", "order.reopened", "order.withdrawn", "order.expiring",
    "order.expired", "order.quarantined", "endpoint.disabled", "endpoint.test", "contact.bounced",
    "frame.drafted", "frame.signed", "frame.agreed", "frame.declined", "frame.ended",
]  # fmt: skip


class CropNamed(TypedDict):
    """A crop's key and its names."""

    key: str
    vi: str
    en: str


class MatchMade(TypedDict):
    """The data of `match.made`: a match was frozen and its contract drafted; told to seller and buyer.

    `contract_page` is the path of its page, `quantity_kg` a decimal string, `price` whole đồng per kg at
    the farm gate, `delivery_day` an ISO day, `seller` and `buyer` are names.
    """

    contract_id: str
    contract_number: str
    contract_page: str
    crop: CropNamed
    quantity_kg: str
    price: int
    delivery_day: str
    seller: str
    buyer: str


class ContractMoved(TypedDict):
    """The data of the events `contract.…`: what became of a contract; told to seller and buyer.

    `by` is who did it, seller, buyer, operator or deadline, `by_name` that party's name, "" for a deadline;
    `reason` is what a party gave for it, such as for declining. `quantity_kg` is that of the contract.
    `ticket_number` is that of the weigh ticket it is about, or that closed the deliveries.
    `accepted_kg` is in what may change it, `.delivered`, `.delivery_withdrawn`, `.closed` and
    `.closing_withdrawn`: what the buyer has taken over in all, by the tickets that stand.
    `open_again`: the deliveries were closed, and are open again.
    `taken_back_kg` is in what undoes a closing whose shortfall was offered anew: as much was taken off the
    market; what others were matched with, and what the buyer had added, stays.
    """

    contract_id: str
    contract_number: str
    contract_page: str
    crop: CropNamed
    quantity_kg: str
    by: str
    by_name: str
    reason: str | None
    ticket_number: NotRequired[str]
    accepted_kg: NotRequired[str]
    open_again: NotRequired[bool]
    taken_back_kg: NotRequired[str]


class FrameMoved(TypedDict):
    """The data of the events `frame.…`: what became of a frame agreement or memorandum; told to its parties.

    `by_name` is the party that did it, `reason` what it gave for declining or ending it.
    """

    frame_id: str
    frame_number: str
    frame_kind: Literal["frame", "memorandum"]
    crop: CropNamed
    quantity_kg: str
    by_name: str
    reason: str | None


class OrderQuarantined(TypedDict):
    """The data of `order.quarantined`: the clearing passes it over; told to its owner and the operators.

    `order_page` is the path of its page, `last_day` the ISO day on which it expires, `owner` a name;
    matcher.quarantine has the words for `reason`.
    """

    order: Literal["lot", "demand"]
    order_id: str
    order_page: str
    crop: CropNamed
    quantity_kg: str
    last_day: str
    owner: str
    reason: Reason


class OrderMoved(TypedDict):
    """The data of `order.posted`, `.amended`, `.filled`, `.reopened` (a contract fell through or takes less),
    `.withdrawn`, `.expiring` (tomorrow is its last day) and `.expired`; told to its owner.

    Quantities, as the order stood when it happened, are decimal strings; `last_day` is an ISO day,
    `order_page` the path of its page.
    `by_owner`: the owner itself did it, as by declining a contract.
    """

    order: Literal["lot", "demand"]
    order_id: str
    order_page: str
    crop: CropNamed
    quantity_kg: str
    remaining_kg: str
    last_day: str
    by_owner: bool


class EndpointTold(TypedDict):
    """The data of `endpoint.test`, to try an endpoint, and with `reason` of `endpoint.disabled`.

    `reason` is gone (it answered 410) or failing (for days). Told to its party; a disabling to operators too.
    """

    endpoint_id: str
    url: str
    reason: NotRequired[str]


class ContactBounced(TypedDict):
    """The data of `contact.bounced`: nothing arrives there, and nothing is sent until it is corrected.

    `channel` is email, sms or zalo, `answer` what was said. Told to its party, by its other channels, and to
    the operators.
    """

    contact_id: str
    channel: str
    address: str
    answer: str


_SIDES = "the seller and the buyer"
_DATA: dict[str, tuple[type, str]] = {
    "match.made": (MatchMade, _SIDES),
    **{
        f"order.{what}": (OrderMoved, "the order's owner")
        for what in ("posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired")
    },
    "order.quarantined": (OrderQuarantined, "the order's owner, and the operators"),
    **{
        f"frame.{what}": (FrameMoved, "every party to it")
        for what in ("drafted", "signed", "agreed", "declined", "ended")
    },
    "endpoint.disabled": (EndpointTold, "the endpoint's party, and the operators"),
    "contact.bounced": (ContactBounced, "the contact's party, by its other channels, and the operators"),
    "endpoint.test": (EndpointTold, "the endpoint's party, at that endpoint alone"),
}
# Every kind, with the type of its data and who is told.
KINDS: dict[str, tuple[type, str]] = {
    kind: _DATA.get(kind, (ContractMoved, _SIDES)) for kind in get_args(Kind)
}

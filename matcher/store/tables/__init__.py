"""The ledger: every table, and the rules the database itself enforces.

Quantities are grams (`*_g`), money is whole đồng, per kg where it is a price; distances are metres.
Instants are timestamptz, days are dates in Việt Nam. Ids are UUIDv7, so they sort by creation.
"""

from matcher.store.tables.base import Base
from matcher.store.tables.clearings import Clearing, DeclinedPair, Match, TentativeMatch
from matcher.store.tables.contracts import (
    CONTRACT_WAITING,
    Amendment,
    Contract,
    ContractSeries,
    Document,
    SealKey,
    Signature,
    Step,
)
from matcher.store.tables.frames import Frame, FrameCall, FrameSide
from matcher.store.tables.fulfilment import (
    Attachment,
    Dispute,
    GoodsDelivery,
    Payment,
)
from matcher.store.tables.notices import Attempt, Delivery, Event, Notice
from matcher.store.tables.orders import Book, Demand, Lot, OrderNews
from matcher.store.tables.parties import ApiKey, Contact, Endpoint, Party
from matcher.store.tables.service import Heartbeat, KeptAnswer

__all__ = [
    "CONTRACT_WAITING",
    "Amendment",
    "ApiKey",
    "Attachment",
    "Attempt",
    "Base",
    "Book",
    "Clearing",
    "Contact",
    "Contract",
    "ContractSeries",
    "DeclinedPair",
    "Delivery",
    "Demand",
    "Dispute",
    "Document",
    "Endpoint",
    "Event",
    "Frame",
    "FrameCall",
    "FrameSide",
    "GoodsDelivery",
    "Heartbeat",
    "KeptAnswer",
    "Lot",
    "Match",
    "Notice",
    "OrderNews",
    "Party",
    "Payment",
    "SealKey",
    "Signature",
    "Step",
    "TentativeMatch",
]

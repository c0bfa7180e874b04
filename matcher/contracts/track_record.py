"""How a party has kept its contracts: counts first, and shares that a few contracts can not make look sure.

Shares are the centre and the bounds of Wilson's score interval at 95 % (E. B. Wilson, JASA 22, 1927): of one
contract kept they say 21 to 100 %, not "100 %". Nothing is counted of which nobody has recorded how it went,
nor what one side alone says to its own good and the other may still contest, or does: see
matcher.contracts.relied. A contract in dispute counts nowhere for as long as its terms give for negotiating,
from a side's first dispute on it; then it counts again, so that nobody disputes a failure away. It is never
a list of whom to avoid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clock import day_of, now, today
from matcher.contracts.moves import disputed_by
from matcher.contracts.owed import due, paid_by, that_stand
from matcher.contracts.relied import standing
from matcher.contracts.terms import last_day
from matcher.errors import NotFound
from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Contract, GoodsDelivery, Party

ENDED = ("fulfilled", "short", "breached")
Z = 1.959964  # of the normal distribution, two-sided 95 %


class Share(BaseModel):
    """`kept` of `counted`; null shares where nothing is counted yet."""

    kept: int
    counted: int
    percent: float | None = Field(description="the centre of the interval, one decimal")
    low: float | None
    high: float | None


class Entry(BaseModel):
    """What one contract adds to the record; null where it says nothing, or not yet."""

    contract_id: UUID
    number: str
    delivered_in_full: bool | None
    delivered_on_time: bool | None
    paid_on_time: bool | None
    contested: bool


class TrackRecord(BaseModel):
    """A producer's deliveries, a buyer's payments."""

    party_id: UUID
    contracts: int = Field(description="ended contracts, contested ones among them")
    contested: int = Field(description="in dispute now; while that is young they are counted nowhere below")
    promised_kg: Kilograms
    delivered_kg: Kilograms
    in_full: Share
    on_time: Share
    paid_on_time: Share
    head_start_seconds: int = Field(
        description="how much earlier, at most, a party's orders count in ties by its record; 0: not at all"
    )
    entries: list[Entry] = Field([], description="for the party itself and operators only")


@dataclass(frozen=True)
class _Told:
    entry: Entry
    promised_g: int = 0
    delivered_g: int = 0


def track_record(session: Session, party_id: UUID, reader: Party, head_start_seconds: int) -> TrackRecord:
    """For the party itself, operators, and whoever has a contract with it. Raises NotFound for others."""
    if not (reader.kind == "operator" or reader.id == party_id or _partners(session, reader.id, party_id)):
        raise NotFound(f"No party {party_id} that you have a contract with.")
    told = [_told(contract) for contract in _ended(session, party_id)]
    entries = [each.entry for each in told]
    selling = session.get_one(Party, party_id).kind == "producer"
    return TrackRecord(
        party_id=party_id,
        contracts=len(told),
        contested=sum(entry.contested for entry in entries),
        promised_kg=kilograms(sum(each.promised_g for each in told)),
        delivered_kg=kilograms(sum(each.delivered_g for each in told)),
        in_full=share([each.delivered_in_full for each in entries] if selling else []),
        on_time=share([each.delivered_on_time for each in entries] if selling else []),
        paid_on_time=share([] if selling else [each.paid_on_time for each in entries]),
        head_start_seconds=head_start_seconds,
        entries=entries if reader.kind == "operator" or reader.id == party_id else [],
    )


def share(outcomes: Sequence[bool | None]) -> Share:
    """Of those that are known."""
    known = [outcome for outcome in outcomes if outcome is not None]
    kept, counted = sum(known), len(known)
    if counted == 0:
        return Share(kept=0, counted=0, percent=None, low=None, high=None)
    centre = (kept + Z * Z / 2) / (counted + Z * Z)
    half = Z / (counted + Z * Z) * sqrt(kept * (counted - kept) / counted + Z * Z / 4)
    percent, low, high = (round(100 * value, 1) for value in (centre, centre - half, centre + half))
    return Share(kept=kept, counted=counted, percent=percent, low=max(0.0, low), high=min(high, 100.0))


def head_start(session: Session, party: Party, most_seconds: int) -> timedelta:
    """How much earlier than posted the party's orders count in a tie, by its record; none without one."""
    if most_seconds == 0:
        return timedelta(0)
    record = track_record(session, party.id, party, most_seconds)
    of_kind = record.on_time if party.kind == "producer" else record.paid_on_time
    return timedelta(seconds=most_seconds * (of_kind.low or 0) / 100)


def _partners(session: Session, one: UUID, other: UUID) -> bool:
    pairs = ((Contract.seller_id == one) & (Contract.buyer_id == other)) | (
        (Contract.seller_id == other) & (Contract.buyer_id == one)
    )
    return session.scalar(select(Contract.id).where(pairs).limit(1)) is not None


def _ended(session: Session, party_id: UUID) -> Sequence[Contract]:
    own = (Contract.seller_id == party_id) | (Contract.buyer_id == party_id)
    ended = select(Contract).where(own, Contract.signature == "agreed", Contract.fulfilment.in_(ENDED))
    return session.scalars(ended.order_by(Contract.id)).all()


def _told(contract: Contract) -> _Told:
    entry = Entry(
        contract_id=contract.id,
        number=contract.number,
        delivered_in_full=None,
        delivered_on_time=None,
        paid_on_time=None,
        contested=bool(disputed_by(contract)),
    )
    if _set_aside(contract):
        return _Told(entry)
    deliveries = that_stand(contract.deliveries)
    relied_on = [each for each in deliveries if standing(each, contract) == "relied_on"]
    sure = relied_on == deliveries
    if sure and deliveries:
        entry.paid_on_time = _paid_on_time(contract, _last_day(deliveries))
    if contract.fulfilment == "fulfilled" and not sure:
        return _Told(entry)
    entry.delivered_in_full = contract.fulfilment == "fulfilled"
    entry.delivered_on_time = entry.delivered_in_full and _last_day(deliveries) <= last_day(contract.terms)
    delivered_g = sum(each.net_g - each.rejected_g for each in relied_on)
    return _Told(entry, contract.quantity_g, min(delivered_g, contract.quantity_g))


def _set_aside(contract: Contract) -> bool:
    """Whether a dispute is open whose side had its first on this contract within the days for negotiating."""
    days = timedelta(days=int(contract.terms.get("rules", {}).get("negotiation_days", 15)))
    firsts = (
        min(each.opened_at for each in contract.disputes if each.side == side)
        for side in disputed_by(contract)
    )
    return any(now() <= first + days for first in firsts)


def _last_day(deliveries: Sequence[GoodsDelivery]) -> date:
    return max(day_of(delivery.delivered_at) for delivery in deliveries)


def _paid_on_time(contract: Contract, last: date) -> bool | None:
    """Null while there is still time to pay, or what the buyer says it paid may be contested, or is."""
    until = last + timedelta(days=int(contract.terms.get("rules", {}).get("payment_days", 7)))
    payments, owed = contract.payments, due(contract)
    if paid_by([each for each in payments if standing(each, contract) == "relied_on"], until) >= owed:
        return True
    return None if today() <= until or paid_by(payments, until) >= owed else False

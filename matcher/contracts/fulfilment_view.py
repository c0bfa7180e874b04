"""What has become of a contract's goods and money, as its sides read it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from matcher.contracts.accounts import PaymentState, payment_state
from matcher.contracts.fulfilment import tolerance_percent
from matcher.contracts.owed import accepted_grams, due, paid_by, payable
from matcher.contracts.relied import Standing, contestable_until, standing
from matcher.contracts.view import Fulfilment
from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Contract, GoodsDelivery, Payment

Side = Literal["seller", "buyer"]


class AttachmentView(BaseModel):
    """A photograph or PDF that belongs to a weigh ticket; read it at the delivery's `attachments/{id}`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    side: Side
    name: str
    media_type: str
    sha256: str
    added_at: datetime


class RecordedView(BaseModel):
    """What one side recorded, and how far both can rely on it."""

    side: Side
    recorded_at: datetime
    confirmed_at: datetime | None = Field(description="by the other side")
    contestable_until: datetime = Field(description="a dispute of the other side after it comes too late")
    standing: Standing = Field(
        description="for the track records counts only what is relied_on: recorded to its own cost, "
        "confirmed, or not disputed in time"
    )
    withdrawn_at: datetime | None = Field(description="then it counts no more")
    withdrawn_by: str | None
    withdrawal_reason: str | None


class DeliveryView(RecordedView):
    """One weigh ticket as it was recorded."""

    position: int
    ticket_number: str
    delivered_at: datetime
    gross_kg: Kilograms
    tare_kg: Kilograms
    net_kg: Kilograms
    rejected_kg: Kilograms
    surplus_kg: Kilograms = Field(description="of what was rejected: the seller's to offer elsewhere")
    accepted_kg: Kilograms
    rejection_reason: str | None
    grades: list[dict[str, Any]]
    note: str | None
    attachments: list[AttachmentView]


class PaymentView(RecordedView):
    """A payment of the buyer to the seller."""

    id: UUID
    amount: int
    paid_on: date
    reference: str


class DisputeView(BaseModel):
    """A dispute, open while `closed_at` is null."""

    model_config = ConfigDict(from_attributes=True)

    side: Side
    about: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None


class FulfilmentView(BaseModel):
    """Promise and scale: kg of the contract, money in whole đồng."""

    contract_id: UUID
    fulfilment: Fulfilment
    promised_kg: Kilograms
    tolerance_percent: int
    accepted_kg: Kilograms
    outstanding_kg: Kilograms = Field(description="promised and not accepted, 0 once all of it is")
    due: int = Field(description="what was accepted costs at the farm gate")
    payable: int = Field(
        description="the most that may be paid now: the contract's amount until it is fulfilled"
    )
    paid: int
    overpaid: int = Field(description="what was paid in advance beyond payable: the seller's to pay back")
    payment: PaymentState
    deliveries: list[DeliveryView]
    payments: list[PaymentView]
    disputes: list[DisputeView]


def fulfilment_view(contract: Contract) -> FulfilmentView:
    accepted_g, owed, paid = accepted_grams(contract), due(contract), paid_by(contract.payments)
    return FulfilmentView(
        contract_id=contract.id,
        fulfilment=contract.fulfilment,
        promised_kg=kilograms(contract.quantity_g),
        tolerance_percent=tolerance_percent(contract),
        accepted_kg=kilograms(accepted_g),
        outstanding_kg=kilograms(max(contract.quantity_g - accepted_g, 0)),
        due=owed,
        payable=payable(contract),
        paid=paid,
        overpaid=max(paid - payable(contract), 0),
        payment=payment_state(owed, paid),
        deliveries=[_delivery_view(each, contract) for each in contract.deliveries],
        payments=[_payment_view(payment, contract) for payment in contract.payments],
        disputes=[DisputeView.model_validate(dispute) for dispute in contract.disputes],
    )


def _payment_view(payment: Payment, contract: Contract) -> PaymentView:
    return PaymentView.model_validate(_shown(PaymentView, payment, contract))


def _delivery_view(delivery: GoodsDelivery, contract: Contract) -> DeliveryView:
    shown = _shown(DeliveryView, delivery, contract)
    weights = {f"{name}_kg": kilograms(getattr(delivery, f"{name}_g")) for name in _WEIGHTS}
    return DeliveryView.model_validate(
        shown
        | weights
        | {
            "accepted_kg": kilograms(delivery.net_g - delivery.rejected_g),
            "attachments": [AttachmentView.model_validate(each) for each in delivery.attachments],
        }
    )


def _shown(view: type[RecordedView], recorded: GoodsDelivery | Payment, contract: Contract) -> dict[str, Any]:
    columns = {name: getattr(recorded, name) for name in view.model_fields if hasattr(recorded, name)}
    return columns | {
        "standing": standing(recorded, contract),
        "contestable_until": contestable_until(recorded, contract),
    }


_WEIGHTS = ("gross", "tare", "net", "rejected", "surplus")

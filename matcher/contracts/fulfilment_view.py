"""What has become of a contract's goods and money, as its sides read it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from matcher.contracts.accounts import PaymentState, disputes_of, due, paid_by, payment_state, payments_of
from matcher.contracts.fulfilment import accepted_grams, deliveries_of, tolerance_percent
from matcher.contracts.view import Fulfilment
from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Contract, GoodsDelivery

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


class DeliveryView(BaseModel):
    """One weigh ticket as it was recorded."""

    position: int
    side: Side
    ticket_number: str
    delivered_at: datetime
    gross_kg: Kilograms
    tare_kg: Kilograms
    net_kg: Kilograms
    rejected_kg: Kilograms
    accepted_kg: Kilograms
    rejection_reason: str | None
    grades: list[dict[str, Any]]
    note: str | None
    recorded_at: datetime
    withdrawn_at: datetime | None = Field(description="then it counts no more")
    withdrawn_by: str | None
    withdrawal_reason: str | None
    attachments: list[AttachmentView]


class PaymentView(BaseModel):
    """A payment, and the side that recorded it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    side: Side
    amount: int
    paid_on: date
    reference: str
    recorded_at: datetime
    withdrawn_at: datetime | None = Field(description="then it counts no more")
    withdrawn_by: str | None
    withdrawal_reason: str | None


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
    paid: int
    payment: PaymentState
    deliveries: list[DeliveryView]
    payments: list[PaymentView]
    disputes: list[DisputeView]


def fulfilment_view(session: Session, contract: Contract) -> FulfilmentView:
    accepted_g, payments = accepted_grams(session, contract), payments_of(session, contract)
    owed, paid = due(session, contract), paid_by(payments)
    return FulfilmentView(
        contract_id=contract.id,
        fulfilment=contract.fulfilment,
        promised_kg=kilograms(contract.quantity_g),
        tolerance_percent=tolerance_percent(contract),
        accepted_kg=kilograms(accepted_g),
        outstanding_kg=kilograms(max(contract.quantity_g - accepted_g, 0)),
        due=owed,
        paid=paid,
        payment=payment_state(owed, paid),
        deliveries=[_delivery_view(delivery) for delivery in deliveries_of(session, contract)],
        payments=[PaymentView.model_validate(payment) for payment in payments],
        disputes=[DisputeView.model_validate(dispute) for dispute in disputes_of(session, contract)],
    )


def _delivery_view(delivery: GoodsDelivery) -> DeliveryView:
    shown = {name: getattr(delivery, name) for name in DeliveryView.model_fields if hasattr(delivery, name)}
    weights = {f"{name}_kg": kilograms(getattr(delivery, f"{name}_g")) for name in _WEIGHTS}
    return DeliveryView.model_validate(
        shown
        | weights
        | {
            "accepted_kg": kilograms(delivery.net_g - delivery.rejected_g),
            "attachments": [AttachmentView.model_validate(each) for each in delivery.attachments],
        }
    )


_WEIGHTS = ("gross", "tare", "net", "rejected")

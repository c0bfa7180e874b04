"""/v1/contracts/{id}/deliveries, payments and disputes"""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from matcher.api.once import OnceRoute, once
from matcher.api.requests import FILE_BODY, Caller, FileBody, Known, Transaction
from matcher.contracts.accounts import PaymentPost, close_dispute, open_dispute, record_payment
from matcher.contracts.attachments import attach, get_attachment
from matcher.contracts.closing import Closing, close
from matcher.contracts.confirmed import confirm_delivery, confirm_payment
from matcher.contracts.draft import get_contract
from matcher.contracts.fulfilment import record_delivery
from matcher.contracts.fulfilment_view import AttachmentView, FulfilmentView, fulfilment_view
from matcher.contracts.life import Reason
from matcher.contracts.mistakes import withdraw_closing, withdraw_delivery, withdraw_payment
from matcher.contracts.tickets import DeliveryPost
from matcher.fields import Text

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=OnceRoute)
Position = Annotated[int, Path(ge=1, le=10**9)]


@router.get("/fulfilment")
def read(session: Transaction, caller: Caller, contract_id: UUID) -> FulfilmentView:
    """What was promised, weighed, rejected, paid and disputed."""
    return fulfilment_view(get_contract(session, contract_id, caller))


@router.post("/deliveries", status_code=201, dependencies=[once])
def weigh(
    session: Transaction, caller: Caller, known: Known, contract_id: UUID, body: DeliveryPost
) -> FulfilmentView:
    """Record a weigh ticket; with `final`, a shortfall is offered anew at once."""
    return fulfilment_view(record_delivery(session, contract_id, caller, body, known))


@router.post("/deliveries/{position}/confirm", dependencies=[once])
def confirm_ticket(
    session: Transaction, caller: Caller, contract_id: UUID, position: Position
) -> FulfilmentView:
    """Confirm a weigh ticket that the other side recorded."""
    return fulfilment_view(confirm_delivery(session, contract_id, position, caller))


@router.post("/payments/{payment_id}/confirm", dependencies=[once])
def confirm_money(
    session: Transaction, caller: Caller, contract_id: UUID, payment_id: UUID
) -> FulfilmentView:
    """Confirm a payment that the other side recorded."""
    return fulfilment_view(confirm_payment(session, contract_id, payment_id, caller))


@router.post("/deliveries/{position}/withdraw", dependencies=[once])
def withdraw_ticket(
    session: Transaction, caller: Caller, contract_id: UUID, position: Position, body: Reason
) -> FulfilmentView:
    """Withdraw a weigh ticket that you recorded by mistake; it stays in the record and counts no more."""
    return fulfilment_view(withdraw_delivery(session, contract_id, position, caller, body))


@router.post("/payments/{payment_id}/withdraw", dependencies=[once])
def withdraw_money(
    session: Transaction, caller: Caller, contract_id: UUID, payment_id: UUID, body: Reason
) -> FulfilmentView:
    """Withdraw a payment that you recorded by mistake; it stays in the record and counts no more."""
    return fulfilment_view(withdraw_payment(session, contract_id, payment_id, caller, body))


@router.post("/close", dependencies=[once])
def end(session: Transaction, caller: Caller, contract_id: UUID, body: Closing) -> FulfilmentView:
    """Say that nothing more comes: what is short goes back to the market as a new demand."""
    return fulfilment_view(close(session, contract_id, caller, body))


@router.post("/close/withdraw", dependencies=[once])
def open_again(session: Transaction, caller: Caller, contract_id: UUID, body: Reason) -> FulfilmentView:
    """Withdraw a closing made by mistake, where no weigh ticket stands. Operators only."""
    return fulfilment_view(withdraw_closing(session, contract_id, caller, body))


@router.post("/deliveries/{position}/attachments", status_code=201, openapi_extra=FILE_BODY)
def add_file(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    contract_id: UUID,
    position: Position,
    name: Annotated[Text, Query(description="the file's name")],
    file: FileBody,
) -> AttachmentView:
    """Attach a photograph (JPEG, PNG, WebP) or a PDF to a weigh ticket, sent as the body, up to 10 MB."""
    return AttachmentView.model_validate(attach(session, contract_id, position, caller, name, file))


@router.get("/deliveries/{position}/attachments/{attachment_id}", response_class=Response)
def read_file(
    session: Transaction, caller: Caller, contract_id: UUID, position: Position, attachment_id: UUID
) -> Response:
    """The attached file as it was sent."""
    attachment = get_attachment(session, contract_id, position, attachment_id, caller)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}"}
    return Response(attachment.content, media_type=attachment.media_type, headers=headers)


@router.post("/payments", status_code=201, dependencies=[once])
def pay(session: Transaction, caller: Caller, contract_id: UUID, body: PaymentPost) -> FulfilmentView:
    """Record a payment that was made; money itself does not go through this service."""
    return fulfilment_view(record_payment(session, contract_id, caller, body))


@router.post("/disputes", status_code=201, dependencies=[once])
def dispute(session: Transaction, caller: Caller, contract_id: UUID, body: Reason) -> FulfilmentView:
    """Open a dispute; both sides and the record show it until you or an operator close it."""
    return fulfilment_view(open_dispute(session, contract_id, caller, body))


@router.post("/disputes/close", dependencies=[once])
def settle(session: Transaction, caller: Caller, contract_id: UUID, body: Reason) -> FulfilmentView:
    """Close your open dispute, with its outcome; for an operator, both sides'."""
    return fulfilment_view(close_dispute(session, contract_id, caller, body))

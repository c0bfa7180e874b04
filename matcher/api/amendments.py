"""/v1/contracts/{id}/amendments"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from matcher.api.contracts import DOCUMENT, MEDIA_TYPES, Form, document, network_address
from matcher.api.once import OnceRoute, once
from matcher.api.requests import Caller, Configured, Known, Transaction
from matcher.contracts.amended import differences
from matcher.contracts.amendments import (
    Proposal,
    accept_amendment,
    decline_amendment,
    propose,
    terms_to_read,
    withdraw_amendment,
)
from matcher.contracts.compared import comparison
from matcher.contracts.draft import get_contract
from matcher.contracts.life import Acceptance, Reason
from matcher.contracts.view import ContractView, contract_view

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=OnceRoute)


Version = Annotated[int, Query(ge=1, description="a version")]


class DifferenceView(BaseModel):
    """One field that two versions have otherwise; null where one of them lacks it."""

    field: str
    before: Any
    after: Any


@router.post("/amendments", status_code=201, dependencies=[once])
def post(  # what FastAPI hands over
    request: Request,
    session: Transaction,
    caller: Caller,
    known: Known,
    configured: Configured,
    contract_id: UUID,
    body: Proposal,
) -> ContractView:
    """Propose another quantity, price or delivery day; where the other side's is open, this counters it."""
    address = network_address(request)
    contract = propose(session, contract_id, caller, body, address, known, configured)
    return contract_view(contract, caller)


@router.post("/amendments/{amendment_id}/accept", dependencies=[once])
def take(  # what FastAPI hands over
    request: Request,
    session: Transaction,
    caller: Caller,
    contract_id: UUID,
    amendment_id: UUID,
    body: Acceptance,
) -> ContractView:
    """Accept the open amendment, on the hash of its terms: they are agreed, as the next version."""
    address = network_address(request)
    contract = accept_amendment(session, contract_id, amendment_id, caller, body, address)
    return contract_view(contract, caller)


@router.post("/amendments/{amendment_id}/decline", dependencies=[once])
def refuse(
    session: Transaction, caller: Caller, contract_id: UUID, amendment_id: UUID, body: Reason
) -> ContractView:
    """Decline the other side's amendment: the contract stays as it is."""
    return contract_view(decline_amendment(session, contract_id, amendment_id, caller, body), caller)


@router.post("/amendments/{amendment_id}/withdraw", dependencies=[once])
def take_back(
    session: Transaction, caller: Caller, contract_id: UUID, amendment_id: UUID, body: Reason
) -> ContractView:
    """Withdraw your own amendment while it is open."""
    return contract_view(withdraw_amendment(session, contract_id, amendment_id, caller, body), caller)


@router.get("/differences")
def compare(
    session: Transaction,
    caller: Caller,
    contract_id: UUID,
    before: Version,
    after: Version,
) -> list[DifferenceView]:
    """What two versions have otherwise, field by field; an open amendment is the version it would be."""
    contract = get_contract(session, contract_id, caller)
    earlier, later = (terms_to_read(session, contract, version) for version in (before, after))
    return [DifferenceView(**vars(difference)) for difference in differences(earlier, later)]


@router.get("/differences.{form}", responses=DOCUMENT, response_class=Response)
def compare_on_a_page(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    configured: Configured,
    contract_id: UUID,
    form: Form,
    before: Version,
    after: Version,
) -> Response:
    """The same on one page, in words: as HTML, PDF or Word document."""
    contract = get_contract(session, contract_id, caller)
    content = comparison(session, contract, (before, after), MEDIA_TYPES[form], configured)
    return document(f"{contract.number} {before}-{after}", form, content)

"""/v1/contracts"""

from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.api.once import OnceRoute, once
from matcher.api.requests import Before, Caller, Configured, Limit, Page, Transaction, etag, link_next
from matcher.contracts.documents import contract_document
from matcher.contracts.draft import DOCX, HTML, PDF, contract_by_page, get_contract, list_contracts
from matcher.contracts.life import Acceptance, Reason, accept, cancel, decline, opened
from matcher.contracts.view import ContractView, contract_view
from matcher.notices.told import Told, told_of
from matcher.store.tables import Contract

router = APIRouter(prefix="/v1/contracts", tags=["contracts"], route_class=OnceRoute)
pages = APIRouter(tags=["contracts"])

Form = Literal["html", "pdf", "docx"]
MEDIA_TYPES: dict[Form, str] = {"html": HTML, "pdf": PDF, "docx": DOCX}
DOCUMENT: dict[int | str, dict[str, Any]] = {200: {"content": {each: {} for each in MEDIA_TYPES.values()}}}

# The link is the key: it should not travel on in a shared cache or a search engine.
_UNLISTED = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow"}


def network_address(request: Request) -> str:
    """Where the request came from, as it is kept beside a signature."""
    return request.client.host if request.client else ""


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[ContractView]:
    """Contracts of which you are a side, newest first; an operator sees all."""
    contracts = list_contracts(session, caller, before=cursor, limit=limit)
    link_next(request, response, contracts, limit)
    return Page(items=[contract_view(contract, caller) for contract in contracts])


@router.get("/{contract_id}.{form}", responses=DOCUMENT, response_class=Response)
def read_document(
    session: Transaction, caller: Caller, settings: Configured, contract_id: UUID, form: Form
) -> Response:
    """The contract in Vietnamese and English: a page, a PDF, or a Word document to edit."""
    contract = get_contract(session, contract_id, caller)
    opened(session, contract, caller)
    return _document(session, contract, form, settings)


@router.get("/{contract_id}")
def read(session: Transaction, caller: Caller, contract_id: UUID, response: Response) -> ContractView:
    contract = get_contract(session, contract_id, caller)
    opened(session, contract, caller)
    etag(response, contract.version)
    return contract_view(contract, caller)


@router.get("/{contract_id}/notices")
def read_notices(session: Transaction, caller: Caller, contract_id: UUID) -> list[Told]:
    """What both sides were told of the contract, and whether it arrived."""
    contract = get_contract(session, contract_id, caller)
    return list(told_of(session, contract))


@router.post("/{contract_id}/accept", dependencies=[once])
def take(
    request: Request, session: Transaction, caller: Caller, contract_id: UUID, body: Acceptance
) -> ContractView:
    """Accept for your side, on the hash of the terms you read. When both have, the contract is agreed."""
    return contract_view(accept(session, contract_id, caller, body, network_address(request)), caller)


@router.post("/{contract_id}/decline", dependencies=[once])
def refuse(session: Transaction, caller: Caller, contract_id: UUID, body: Reason) -> ContractView:
    """Decline: the quantity is back in the book at once, and this pair is not proposed again."""
    return contract_view(decline(session, contract_id, caller, body.reason), caller)


@router.post("/{contract_id}/cancel", dependencies=[once])
def call_off(session: Transaction, caller: Caller, contract_id: UUID, body: Reason) -> ContractView:
    """Cancel, agreed or not. Operators only."""
    return contract_view(cancel(session, contract_id, caller, body.reason), caller)


PageKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@pages.get("/c/{page_key}.{form}", responses=DOCUMENT, response_class=Response)
def read_document_by_link(
    session: Transaction, settings: Configured, page_key: PageKey, form: Form
) -> Response:
    """The same document for whoever was sent the link of its page; no key is needed."""
    return _document(session, contract_by_page(session, page_key), form, settings, _UNLISTED)


@pages.get("/c/{page_key}", responses=DOCUMENT, response_class=Response)
def read_by_link(session: Transaction, settings: Configured, page_key: PageKey) -> Response:
    """The same page for whoever was sent its link, as in a mail or an SMS; no key is needed."""
    return _document(session, contract_by_page(session, page_key), "html", settings, _UNLISTED)


def _document(
    session: Session,
    contract: Contract,
    form: Form,
    settings: Settings,
    headers: dict[str, str] | None = None,
) -> Response:
    content = contract_document(session, contract, MEDIA_TYPES[form], settings)
    return document(contract.number, form, content, headers)


def document(number: str, form: Form, content: bytes, headers: dict[str, str] | None = None) -> Response:
    """A document to be shown, or saved under the number of what it is of."""
    name = quote(number.replace("/", "-"))
    shown = (headers or {}) | {"Content-Disposition": f"inline; filename*=UTF-8''{name}.{form}"}
    return Response(content, media_type=MEDIA_TYPES[form], headers=shown)

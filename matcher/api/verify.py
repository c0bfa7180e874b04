"""/verify: whether a document is genuine; open to everybody, as whoever is shown a contract may ask."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Response, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from matcher.api.problem_page import FORM, RESPONSES
from matcher.api.requests import FILE_BODY, Caller, Configured, FileBody, Transaction
from matcher.contracts.draft import get_contract
from matcher.contracts.evidence import evidence
from matcher.contracts.keys import Jwk, known_keys, sealing_key
from matcher.contracts.owed import accepted_grams
from matcher.contracts.page import templates
from matcher.contracts.steps import Proved
from matcher.contracts.verify import WORDS, Finding, Verdict, verify
from matcher.contracts.view import Fulfilment
from matcher.contracts.wording import CAME
from matcher.errors import Fault, Invalid
from matcher.fields import Kilograms, kilograms
from matcher.store.tables import Contract, Frame

router = APIRouter(tags=["contracts"])


class VerdictView(BaseModel):
    """Whether a document is genuine, and what its seal says of the contract."""

    genuine: bool
    finding: Finding
    vi: str
    en: str
    facts: dict[str, Any]
    now: str | None = Field(description="the state of the contract now; null unless it is one of ours")
    version_now: int | None
    fulfilment_now: Fulfilment | None = Field(
        description="what came of it, by the weigh tickets that stand; null unless it is an agreed contract"
    )
    promised_kg: Kilograms | None
    accepted_kg: Kilograms | None


class KeySet(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[Jwk]


@router.get("/.well-known/jwks.json")
def keys(session: Transaction) -> KeySet:
    """The public keys that documents are sealed with, retired ones too: keep them to verify on your own."""
    return KeySet(keys=list(known_keys(session)))


@router.get("/v1/contracts/{contract_id}/evidence", response_class=Response)
def read_evidence(
    session: Transaction, caller: Caller, configured: Configured, contract_id: UUID
) -> Response:
    """The contract's terms and every step of its life, chained and sealed, as one JSON file."""
    contract = get_contract(session, contract_id, caller)
    content = evidence(session, contract, sealing_key(configured.sealing_folder))
    return Response(content, media_type="application/json")


@router.post("/v1/verify", openapi_extra=FILE_BODY)
def verify_file(session: Transaction, document: FileBody) -> VerdictView:
    """Tell of a document, sent as the body as it is: a PDF, a page or an evidence file of this service.

    Raises Invalid where nothing was sent, NotFile for a form.
    """
    if not document.strip():
        remedy = "Send the contract's PDF, page or evidence file as the body, as it is."
        raise Invalid(Fault("document", "nothing was sent", remedy))
    return _view(session, verify(document, known_keys(session)))


@router.get(FORM + "/", response_class=HTMLResponse, include_in_schema=False)
@router.get(FORM, response_class=HTMLResponse, responses=RESPONSES)
def ask() -> str:
    """A page to drop a document on."""
    return _page()


@router.post(FORM, response_class=HTMLResponse, responses=RESPONSES)
def answer(session: Transaction, document: Annotated[UploadFile | str | None, File()] = None) -> HTMLResponse:
    """The same page with the answer. Raises Invalid where no file was chosen, or an empty one."""
    # A form that is sent without a file has an empty text in its place.
    content = b"" if document is None or isinstance(document, str) else document.file.read()
    if not content.strip():
        remedy = "Choose the contract's PDF, page or evidence file and send it again."
        raise Invalid(Fault("document", "no file was chosen, or an empty one", remedy))
    return HTMLResponse(_page(_view(session, verify(content, known_keys(session)))))


def _page(verdict: VerdictView | None = None) -> str:
    came = CAME.get(verdict.fulfilment_now or "") if verdict else None
    return templates.get_template("verify.html").render(verdict=verdict, came=came)


def _view(session: Session, verdict: Verdict) -> VerdictView:
    proved = _proved(session, UUID(verdict.facts["contract"])) if verdict.facts else None
    return VerdictView(
        genuine=verdict.genuine,
        finding=verdict.finding,
        **WORDS[verdict.finding],
        facts=verdict.facts,
        now=proved.signature if isinstance(proved, Contract) else proved and proved.state,
        version_now=proved and proved.version,
        **_came(proved),
    )


def _came(proved: Proved | None) -> dict[str, Any]:
    """The fields that say how much came of how much was agreed."""
    if not isinstance(proved, Contract) or proved.signature != "agreed":
        return dict.fromkeys(("fulfilment_now", "promised_kg", "accepted_kg"))
    return {
        "fulfilment_now": proved.fulfilment,
        "promised_kg": kilograms(proved.quantity_g),
        "accepted_kg": kilograms(accepted_grams(proved)),
    }


def _proved(session: Session, identity: UUID) -> Proved | None:
    return session.get(Contract, identity) or session.get(Frame, identity)

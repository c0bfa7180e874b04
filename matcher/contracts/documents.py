"""A contract's documents: rendered by a worker, kept in the ledger, the same bytes for the same version."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now
from matcher.contracts.draft import DOCX, HTML, PDF, ask_for_documents, page_path
from matcher.contracts.evidence import sealed
from matcher.contracts.keys import sealing_key
from matcher.contracts.page import first_page, page
from matcher.contracts.pdf import pdf
from matcher.contracts.steps import add_step
from matcher.contracts.terms import terms_hash
from matcher.contracts.word import word
from matcher.contracts.wording import Wording, wording
from matcher.errors import NotFound
from matcher.store.session import ring
from matcher.store.tables import Contract, Document


def render(session: Session, contract_id: UUID, settings: Settings) -> None:
    """Renders those of the contract's documents that are still due; doing it twice changes nothing.

    The page and the PDF are sealed. A draft is sent by it: from now on both sides can read it.
    """
    contract = session.get_one(Contract, contract_id, with_for_update=True)
    due = (Document.contract_id == contract_id) & Document.rendered_at.is_(None)
    documents = session.scalars(select(Document).where(due).with_for_update()).all()
    if not documents:
        return
    if contract.signature == "draft":
        contract.signature = "sent"
        add_step(session, contract, "sent", now(), "service")
    for document in documents:
        if document.version != contract.version:
            session.delete(document)  # it was asked for, and the next version came before it
        else:
            document.content = _sealed(session, contract, document.media_type, settings)
            document.rendered_at = now()


def ask_again(session: Session, contract: Contract) -> None:
    """Forgets the documents of the contract's version, as its state has changed, and asks for them anew."""
    own = (Document.contract_id == contract.id) & (Document.version == contract.version)
    session.execute(delete(Document).where(own))
    ask_for_documents(session, contract, now())


def documents_due(session: Session, rung_before: datetime, limit: int = 1000) -> Sequence[UUID]:
    """Contracts of which a document is not rendered and was not rung for since `rung_before`; rings for them.

    At most `limit` documents of them.
    """
    due = (
        select(Document)
        .where(Document.rendered_at.is_(None))
        .where(Document.rung_at.is_(None) | (Document.rung_at < rung_before))
        .order_by(Document.contract_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    documents = session.scalars(due).all()
    for document in documents:
        document.rung_at = now()
    contracts = list(dict.fromkeys(document.contract_id for document in documents))
    for contract_id in contracts:
        ring(session, "render", contract_id)
    return contracts


def contract_document(session: Session, contract: Contract, media_type: str, settings: Settings) -> bytes:
    """The kept document; rendered now, and kept, when the worker has not made it. Raises NotFound."""
    kept = session.get(Document, (contract.id, contract.version, media_type))
    if kept is not None and kept.content:
        return kept.content
    session.refresh(contract, with_for_update=True)
    key = (contract.id, contract.version, media_type)
    document = session.get(Document, key, populate_existing=True)
    if document is None:
        document = Document(contract_id=contract.id, version=contract.version, media_type=media_type)
        document.asked_at = document.rung_at = now()
        session.add(document)
    if document.content is None:
        document.content = _sealed(session, contract, media_type, settings)
        document.rendered_at = now()
    return document.content


def written(contract: Contract, media_type: str, settings: Settings) -> bytes:
    """The contract in this form; depends on nothing but it, its signatures and the service's address.

    Raises NotFound for a PDF or DOCX of a contract that was drafted before there were any.
    """
    if "template" not in contract.terms:
        if media_type == HTML:
            return first_page(contract)
        raise NotFound("This contract was drafted before documents of this kind; read its .html.")
    path = page_path(contract)
    words = wording(contract, terms_hash(contract.terms), f"{settings.links_begin}{path}")
    return set_in(words, media_type, path)


def set_in(words: Wording, media_type: str, path: str | None) -> bytes:
    """The words in this form; `path` is where the page is without a key."""
    if media_type == HTML:
        return page(words, path)
    return {PDF: pdf, DOCX: word}[media_type](words)


def _sealed(session: Session, contract: Contract, media_type: str, settings: Settings) -> bytes:
    content = written(contract, media_type, settings)
    if media_type == DOCX:
        return content  # it is there to be edited
    return sealed(session, contract, content, media_type, sealing_key(settings.sealing_folder))

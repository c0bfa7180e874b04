"""A contract's page: rendered once by a worker, kept in the ledger, the same bytes for the same version."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clock import VIETNAM, now
from matcher.contracts.draft import HTML
from matcher.contracts.steps import add_step
from matcher.store.session import ring
from matcher.store.tables import Contract, Document


def render(session: Session, contract_id: UUID) -> None:
    """Renders the contract's page if it is still due; doing it twice changes nothing.

    A draft is sent by it: from now on both sides can read it.
    """
    contract = session.get_one(Contract, contract_id, with_for_update=True)
    document = session.get(Document, (contract_id, contract.version, HTML), with_for_update=True)
    if document is None or document.rendered_at is not None:
        return
    document.content = page(contract)
    document.rendered_at = now()
    if contract.signature == "draft":
        contract.signature = "sent"
        add_step(session, contract, "sent", now(), "service")


def ask_again(session: Session, contract: Contract) -> None:
    """Asks for the page of the contract's version, anew if its state alone has changed."""
    key = (contract.id, contract.version, HTML)
    document = session.get(Document, key, with_for_update=True)
    if document is None:
        document = Document(contract_id=contract.id, version=contract.version, media_type=HTML)
        session.add(document)
    document.content = document.rendered_at = None
    document.asked_at = document.rung_at = now()
    ring(session, "render", contract.id)


def documents_due(session: Session, rung_before: datetime, limit: int = 1000) -> Sequence[UUID]:
    """Contracts whose page is not rendered and was not rung for since `rung_before`; rings for them."""
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
        ring(session, "render", document.contract_id)
    return [document.contract_id for document in documents]


def contract_page(session: Session, contract: Contract) -> bytes:
    """The kept page, or the same page rendered now when the worker has not come to it yet."""
    document = session.get(Document, (contract.id, contract.version, HTML))
    return document.content if document and document.content else page(contract)


def page(contract: Contract) -> bytes:
    """The contract as a bilingual HTML page in UTF-8; depends on nothing but it and its signatures."""
    template = templates.get_template("contract.html")
    drafted_on = contract.drafted_at.astimezone(VIETNAM)
    return template.render(
        contract=contract, terms=contract.terms, drafted_on=drafted_on,
        deadline=contract.deadline_at.astimezone(VIETNAM),
    ).encode()  # fmt: skip


def _grouped(number: Any, mark: str = ".") -> str:
    """1234567.5 as 1.234.567,5: Vietnamese grouping; with `mark` "," the English one."""
    whole, _, fraction = f"{Decimal(str(number)).normalize():f}".partition(".")
    other = "," if mark == "." else "."
    grouped = f"{int(whole):,}".replace(",", mark)
    return f"{grouped}{other}{fraction}" if fraction else grouped


def _day(iso: str) -> str:
    return f"{date.fromisoformat(iso):%d/%m/%Y}"


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


templates = Environment(
    loader=PackageLoader("matcher.contracts"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters |= {"grouped": _grouped, "day": _day, "instant": _instant}

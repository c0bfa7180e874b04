"""Contracts: drafted from matches, numbered without gaps, read by the two parties."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from config.settings import Settings
from matcher.catalogue import Crop
from matcher.clock import day_of, end_of
from matcher.contracts.steps import first_step
from matcher.contracts.terms import contract_terms, last_day
from matcher.errors import NotFound
from matcher.knowledge import Knowledge
from matcher.parties import sees
from matcher.store.session import ring
from matcher.store.tables import Contract, ContractSeries, Document, Match, Party

HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def draft(
    session: Session,
    matches: Sequence[Match],
    crop: Crop,
    knowledge: Knowledge,
    settings: Settings,
    drafted_at: datetime,
) -> list[Contract]:
    """One contract for each match, in their order, with the next numbers of this year's series.

    The numbers are taken in the caller's transaction, whose rollback gives them back; until it
    ends, other clearings wait for theirs. Each contract's documents are asked for.
    """
    if not matches:
        return []
    year = day_of(drafted_at).year
    first = take_serials(session, settings.contract_series, year, len(matches))
    signing = timedelta(hours=signing_hours(crop, settings))
    contracts = []
    for serial, match in enumerate(matches, first):
        number = f"{serial:04d}/{year}/{settings.contract_series}"
        terms = contract_terms(match, crop, number, day_of(drafted_at), knowledge)
        # Who accepts when the last day of delivery is over accepts what can not be performed.
        deadline_at = min(drafted_at + signing, end_of(last_day(terms)))
        contract = Contract(
            match_id=match.id,
            seller_id=match.seller_id,
            buyer_id=match.buyer_id,
            series=settings.contract_series,
            year=year,
            serial=serial,
            number=number,
            page_key=secrets.token_urlsafe(16),
            version=1,
            quantity_g=match.quantity_g,
            terms=terms,
            drafted_at=drafted_at,
            deadline_at=deadline_at,
            # With a quarter of the time left there is still some to read and sign in.
            remind_at=drafted_at + (deadline_at - drafted_at) * 3 / 4,
        )
        contracts.append(contract)
    session.add_all(contracts)
    session.flush()
    for contract in contracts:
        session.add(first_step(contract, drafted_at))
        ask_for_documents(session, contract, drafted_at)
    return contracts


def ask_for_documents(session: Session, contract: Contract, asked_at: datetime) -> None:
    """Asks for what will be wanted of the contract as it stands; other documents are made when asked for.

    A draft and an agreed contract are printed and kept; what is between or comes to nothing is looked at.
    """
    whole = "template" in contract.terms and contract.signature in ("draft", "agreed")
    for media_type in (HTML, PDF) if whole else (HTML,):
        session.add(
            Document(
                contract_id=contract.id, version=contract.version, media_type=media_type,
                asked_at=asked_at, rung_at=asked_at,
            )
        )  # fmt: skip
    ring(session, "render", contract.id)


def signing_hours(crop: Crop, settings: Settings) -> int:
    """How long a draft of this crop waits for both signatures."""
    return crop.contract_deadline_hours or settings.contract_deadline_hours


def get_contract(session: Session, contract_id: UUID, party: Party) -> Contract:
    """The contract, if `party` is its seller, its buyer or an operator. Raises NotFound otherwise."""
    contract = session.get(Contract, contract_id)
    if contract is None or not sees(party, contract.seller_id, contract.buyer_id):
        raise NotFound(f"No contract {contract_id}.")
    return contract


def contract_by_page(session: Session, page_key: str) -> Contract:
    """The contract of this page link. Raises NotFound for a link that is none of ours."""
    contract = session.scalar(select(Contract).where(Contract.page_key == page_key))
    if contract is None:
        raise NotFound("There is no contract behind this link; copy it whole, as the notice gave it.")
    return contract


def list_contracts(
    session: Session, party: Party, *, before: UUID | None = None, limit: int = 50
) -> Sequence[Contract]:
    """Newest first, at most `limit`, those older than the contract `before`."""
    read_with = (
        Contract.signatures, Contract.amendments, Contract.disputes, Contract.deliveries, Contract.payments,
    )  # fmt: skip
    query = select(Contract).options(*map(selectinload, read_with)).order_by(Contract.id.desc()).limit(limit)
    if party.kind != "operator":
        query = query.where((Contract.seller_id == party.id) | (Contract.buyer_id == party.id))
    if before is not None:
        query = query.where(Contract.id < before)
    return session.scalars(query).all()


def page_path(contract: Contract) -> str:
    """Where its page is, below the service's public address; short enough for an SMS."""
    return f"/c/{contract.page_key}"


def take_serials(session: Session, series: str, year: int, count: int) -> int:
    """The first of the next `count` serials of a series and year; a rollback gives them back."""
    take = (
        insert(ContractSeries)
        .values(series=series, year=year, last_serial=count)
        .on_conflict_do_update(
            index_elements=[ContractSeries.series, ContractSeries.year],
            set_={"last_serial": ContractSeries.last_serial + count},
        )
        .returning(ContractSeries.last_serial)
    )
    return session.execute(take).scalar_one() - count + 1

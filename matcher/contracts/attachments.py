"""Photographs and PDFs of weigh tickets: kept in the ledger with their SHA-256, never run or changed."""

import hashlib
from uuid import UUID

from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.contracts.draft import get_contract
from matcher.contracts.fulfilment import delivery_at
from matcher.contracts.moves import side_of
from matcher.contracts.steps import add_step
from matcher.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from matcher.store.tables import Attachment, Contract, Party

MOST = 20  # of one delivery
# What the first bytes of a file say it is; its name and content type prove nothing.
_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
}


def attach(  # to what, by whom, and the file
    session: Session, contract_id: UUID, position: int, party: Party, name: str, content: bytes
) -> Attachment:
    """Keeps a file with a delivery. Raises NotFound, Forbidden, Conflict, Invalid for other kinds of file.

    Its hash goes into the contract's steps, so that no other file can be put in its place later.
    """
    get_contract(session, contract_id, party)
    if party.kind == "operator":
        raise Forbidden("Files are attached by the two sides.")
    contract = session.get_one(Contract, contract_id, with_for_update=True)
    delivery = delivery_at(session, contract, position)
    if delivery.withdrawn_at is not None:
        raise Conflict(f"Delivery {position} is withdrawn; attach the file to the one that stands.")
    if len(delivery.attachments) >= MOST:
        raise Conflict(f"A delivery has at most {MOST} attachments.")
    attachment = Attachment(
        delivery_id=delivery.id,
        side=side_of(contract, party),
        name=name,
        media_type=_media_type(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        added_at=now(),
    )
    session.add(attachment)
    session.flush()
    facts = {"delivery": position, "name": name, "sha256": attachment.sha256}
    add_step(session, contract, "attached", attachment.added_at, attachment.side, **facts)
    return attachment


def get_attachment(
    session: Session, contract_id: UUID, position: int, attachment_id: UUID, party: Party
) -> Attachment:
    """The file, for whoever may read the contract. Raises NotFound."""
    delivery = delivery_at(session, get_contract(session, contract_id, party), position)
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.delivery_id != delivery.id:
        raise NotFound(f"Delivery {position} has no attachment {attachment_id}.")
    return attachment


def _media_type(content: bytes) -> str:
    for beginning, media_type in _BEGINNINGS.items():
        if content.startswith(beginning):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise Invalid(Fault("", "neither a photograph nor a PDF", "Send a JPEG, PNG, WebP or PDF file."))

"""Who the parties are, what they may do, and the API keys they show."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Fault, Forbidden, Invalid, NotFound, Unauthenticated
from matcher.fields import Telephone, Text
from matcher.store.moved import move_due
from matcher.store.tables import ApiKey, Contact, Party
from matcher.store.withdrawn import withdraw_due_to, withdraw_told

Kind = Literal["producer", "buyer", "operator"]


def _tax_code(text: str) -> str:
    # Circular 86/2024/TT-BTC: of an enterprise, of its branch, and the personal number of households.
    if not re.fullmatch(r"\d{10}(-\d{3})?|\d{12}", text, re.ASCII):
        raise PydanticCustomError("tax_code", "not a Vietnamese tax code")
    return text


class PartyPost(BaseModel):
    """What an operator says of a new party. `email` and the webhook are where its notices go.

    `position` is the representative's; `authority` is what entitles it to sign, such as a power of attorney.
    `growing_area_code` is that of lots that name none of their own. All of it stands in its contracts.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: Text
    language: Literal["vi", "en"] = "vi"
    email: Annotated[Text, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: Telephone | None = None
    address: Text | None = None
    tax_code: Annotated[Text, AfterValidator(_tax_code)] | None = None
    representative: Text | None = None
    position: Text | None = None
    authority: Text | None = None
    bank_account: Text | None = None
    bank: Text | None = None
    growing_area_code: Text | None = None


def add_party(session: Session, post: PartyPost) -> Party:
    """Its e-mail address becomes its first contact."""
    party = Party(**post.model_dump())
    session.add(party)
    session.flush()
    if party.email is not None:
        new_contact(session, party.id, "email", party.email)
    return party


def new_contact(session: Session, party_id: UUID, channel: str, address: str, **wishes: Any) -> Contact:
    """Writes a contact whose address is in good form."""
    contact = Contact(party_id=party_id, channel=channel, address=address, token=_stop_token(), **wishes)
    session.add(contact)
    session.flush()
    return contact


def _stop_token() -> str:
    return secrets.token_urlsafe(18)


def move_contact(session: Session, contact: Contact, address: str) -> None:
    """Gives the contact another address, in good form and new to its party; what is due goes there too.

    In other letters it is the same one still: its links hold, its bounce, and that it was stopped.
    """
    if contact.address.casefold() != address.casefold():
        contact.bounced_at = contact.bounce = contact.stopped_at = None
        contact.token = _stop_token()  # who read mails at the former address has no say at this one
        withdraw_told(session, [("contact.bounced", contact.id)])
    contact.address = address
    move_due(session, contact.id)


def remove_contact(session: Session, contact: Contact) -> None:
    """Forgets it. What is still due to it is withdrawn, and stays in the party's list."""
    session.get(Contact, contact.id, with_for_update=True)  # nothing more becomes due to it meanwhile
    withdraw_due_to(session, contact.id)
    withdraw_told(session, [("contact.bounced", contact.id)])
    session.execute(delete(Contact).where(Contact.id == contact.id))


def amend_party(session: Session, party_id: UUID, changes: Mapping[str, str]) -> Party:
    """Changes fields of PartyPost, an empty text taking one away; contracts already drafted stay as they are.

    What is told at its former e-mail address is told at the new one, what is due too. Raises NotFound;
    Invalid for a change of kind; pydantic.ValidationError for an unknown or wrong field.
    """
    party = get_party(session, party_id)
    if changes.get("name") == "":
        raise Invalid(Fault("name", "a party always has a name", "Give the new one, or leave it out."))
    # Only what is said now is checked: what was taken before a rule there was is not in its way.
    was = {"kind": party.kind, "name": party.name}
    said = PartyPost.model_validate(was | {name: value or None for name, value in changes.items()})
    if said.kind != party.kind:
        raise Invalid(Fault("kind", "a party's kind does not change", "Add another party."))
    if "email" in said.model_fields_set and said.email != party.email:
        _move_contact(session, party, said.email)
    for name, value in said.model_dump(exclude_unset=True).items():
        setattr(party, name, value)
    return party


def add_key(session: Session, party: Party, label: str = "") -> str:
    """Makes an API key and returns it; only its SHA-256 is kept, so it can not be shown again."""
    key = f"matcher_{secrets.token_urlsafe(32)}"
    session.add(ApiKey(party_id=party.id, digest=_digest(key), label=label))
    session.flush()
    return key


def revoke_key(session: Session, key_id: UUID) -> None:
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(f"No key {key_id}.")
    key.revoked_at = key.revoked_at or now()


def party_by_key(session: Session, key: str) -> Party:
    """The party whose key this is. Raises Unauthenticated for an unknown or revoked key."""
    valid = (ApiKey.digest == _digest(key)) & ApiKey.revoked_at.is_(None)
    party = session.scalar(select(Party).join(ApiKey, ApiKey.party_id == Party.id).where(valid))
    if party is None:
        raise Unauthenticated("This API key is unknown or revoked; ask an operator for a new one.")
    return party


def get_party(session: Session, party_id: UUID) -> Party:
    party = session.get(Party, party_id)
    if party is None:
        raise NotFound(f"No party {party_id}.")
    return party


def operators(session: Session) -> Sequence[Party]:
    return session.scalars(select(Party).where(Party.kind == "operator")).all()


def list_parties(session: Session) -> list[tuple[Party, Sequence[ApiKey]]]:
    """Every party in the order they came, with its keys that are not revoked."""
    keys: dict[UUID, list[ApiKey]] = {}
    for key in session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)):
        keys.setdefault(key.party_id, []).append(key)
    return [(party, keys.get(party.id, [])) for party in session.scalars(select(Party).order_by(Party.id))]


def require(party: Party, *kinds: Kind) -> None:
    """Raises Forbidden unless `party` is one of `kinds`."""
    if party.kind not in kinds:
        raise Forbidden(
            f"This is not for {party.kind}s; it is for {' and '.join(f'{kind}s' for kind in kinds)}."
        )


def sees(party: Party, *owners: UUID) -> bool:
    """Whether `party` may read what belongs to `owners`: its own, and an operator everything."""
    return party.kind == "operator" or party.id in owners


def _move_contact(session: Session, party: Party, email: str | None) -> None:
    own = {
        contact.address: contact
        for contact in session.scalars(
            select(Contact).where(Contact.party_id == party.id, Contact.channel == "email")
        )
    }
    former = own.get(party.email or "")
    if email is None or email in own:
        if former is not None:
            remove_contact(session, former)
    elif former is None:
        new_contact(session, party.id, "email", email)
    else:
        move_contact(session, former, email)
    session.flush()


def _digest(key: str) -> bytes:
    # A key holds 256 random bits, so a slow password hash would protect nothing more.
    return hashlib.sha256(key.encode()).digest()

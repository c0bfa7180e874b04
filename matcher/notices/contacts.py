"""Contacts: where the persons of a party are told, by mail, SMS or Zalo; of what, when, in which language."""

import re
from collections.abc import Sequence
from datetime import time
from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Conflict, Fault, Invalid, NotFound
from matcher.fields import Text, telephone
from matcher.notices.events import ContactBounced, Kind
from matcher.notices.record import Happening, record
from matcher.notices.ways import is_quiet
from matcher.parties import move_contact, new_contact, operators, sees
from matcher.store.tables import Contact, Party
from matcher.store.withdrawn import withdraw_due_to, withdraw_told

Channel = Literal["email", "sms", "zalo"]
Clock = Annotated[time, Field(description="a time of day in Việt Nam, such as 21:30")]

MOST = 20  # of one party


class Wishes(BaseModel):
    """What a person wants to be told there.

    `kinds` are the events: left out, all but the party's own acts; an empty list, none.
    From `quiet_from` to `quiet_until` nothing is sent; what happens then is sent when the quiet is over.
    With `digest_at` a mail a day tells, at that time, all that happened since the last, except the kinds
    `at_once`, which have mails of their own.
    """

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    language: Literal["vi", "en"] | None = Field(None, description="left out: the party's")
    kinds: list[Kind] | None = None
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    digest_at: Clock | None = None
    at_once: list[Kind] | None = None

    @field_validator("kinds", "at_once")
    @classmethod
    def _each_once(cls, kinds: list[Kind] | None) -> list[Kind] | None:
        return None if kinds is None else list(dict.fromkeys(kinds))

    @model_validator(mode="after")
    def _times(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_until
        ):
            raise PydanticCustomError("quiet_hours", "quiet hours have a beginning and another end")
        given = (self.quiet_from, self.quiet_until, self.digest_at)
        if any(each is not None and each.tzinfo is not None for each in given):
            raise PydanticCustomError("time_of_day", "these are times of day in Việt Nam, without an offset")
        return self


class ContactPost(Wishes):
    """`address` is an e-mail address, or a telephone number such as 0912345678 or +84912345678."""

    channel: Channel
    address: Text


class ContactChange(Wishes):
    """What is to be other than it is.

    `stopped` false: told again, although its owner had stopped it; `bounced` false: the address is right.
    """

    address: Text | None = None
    stopped: Annotated[bool, Field(strict=True)] | None = None
    bounced: Literal[False] | None = None


def add_contact(session: Session, party: Party, post: ContactPost) -> Contact:
    """Raises Conflict when the party has twenty.

    Raises Invalid for an address that is none, or that it has, and for a daily mail within quiet hours.
    """
    _check_digest(post.channel, post.digest_at)
    _check_quiet(post.quiet_from, post.quiet_until, post.digest_at)
    own = _locked(session, party.id)
    address = _new_address(post.channel, post.address, own)
    if len(own) >= MOST:
        raise Conflict(f"A party has at most {MOST} contacts; remove one first.")
    said = post.model_dump(exclude={"channel", "address"})
    return new_contact(session, party.id, post.channel, address, **said)


def get_contact(session: Session, contact_id: UUID, party: Party) -> Contact:
    """The contact, for its party and operators. Raises NotFound for others."""
    contact = session.get(Contact, contact_id)
    if contact is None or not sees(party, contact.party_id):
        raise NotFound(f"No contact {contact_id}.")
    return contact


def list_contacts(session: Session, party_id: UUID) -> Sequence[Contact]:
    """The party's own, in the order they came."""
    return session.scalars(select(Contact).where(Contact.party_id == party_id).order_by(Contact.id)).all()


def change_contact(session: Session, contact: Contact, change: ContactChange) -> None:
    """Applies the fields that were named to what happens from now on; what is due goes to a new address too.

    Raises Invalid for an address that is none, or that the party has, for quiet hours with one end, and for a
    daily mail within them.
    """
    _check_digest(contact.channel, change.digest_at)
    if change.address is not None:
        own = [each for each in _locked(session, contact.party_id) if each.id != contact.id]
        move_contact(session, contact, _new_address(contact.channel, change.address, own))
    named = change.model_fields_set - {"stopped", "bounced", "address"}
    for name in named:
        setattr(contact, name, getattr(change, name))
    if named & {"quiet_from", "quiet_until", "digest_at"}:  # others may be older than what is checked
        _check_quiet(contact.quiet_from, contact.quiet_until, contact.digest_at)
    if change.stopped is not None:
        if change.stopped:
            stop(session, contact)
        else:
            contact.stopped_at = None
    if change.bounced is False:
        contact.bounced_at = contact.bounce = None
        withdraw_told(session, [("contact.bounced", contact.id)])


def contact_by_token(session: Session, token: str) -> Contact:
    """The contact whose mails carry this token in their link. Raises NotFound."""
    contact = session.scalar(select(Contact).where(Contact.token == token))
    if contact is None:
        raise NotFound("This link is not, or no longer, one of ours.")
    return contact


def stop(session: Session, contact: Contact) -> None:
    """Sends nothing there any more, as its owner asked; what is due there is withdrawn."""
    contact.stopped_at = contact.stopped_at or now()
    withdraw_due_to(session, contact.id)


def note_bounce(session: Session, contact_id: UUID, address: str, answer: str) -> None:
    """Nothing more is sent there, as was answered at `address`, until it is changed or confirmed.

    Its party is told by its other channels, as are the operators. What is due there is dead.
    """
    contact = session.get(Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True)
    if contact is None or contact.bounced_at is not None:
        return
    # A report may be of an address that was corrected meanwhile.
    if contact.address.casefold() != address.casefold():
        return
    contact.bounced_at, contact.bounce = now(), answer
    session.flush()
    told = {contact.party_id, *(operator.id for operator in operators(session))}
    data: ContactBounced = {
        "contact_id": str(contact.id), "channel": contact.channel, "address": address, "answer": answer,
    }  # fmt: skip
    version = int(contact.bounced_at.timestamp() * 1000)
    record(session, [Happening("contact.bounced", contact.id, version, data, told)])


def _locked(session: Session, party_id: UUID) -> Sequence[Contact]:
    """The party's contacts, of which nobody else adds or moves one meanwhile."""
    session.execute(select(Party.id).where(Party.id == party_id).with_for_update())
    return list_contacts(session, party_id)


def _new_address(channel: str, said: str, own: Sequence[Contact]) -> str:
    address = _address(channel, said)
    if any((each.channel, each.address.casefold()) == (channel, address.casefold()) for each in own):
        raise Invalid(Fault("address", f"this party is told at {address} already", "Change that contact."))
    return address


def _address(channel: str, said: str) -> str:
    if channel == "email":
        try:
            return Address(addr_spec=said).addr_spec
        except (ValueError, IndexError, MessageError) as error:
            fault = Fault("address", f"{said!r} is no e-mail address", "Give one such as mua@example.vn.")
            raise Invalid(fault) from error
    number = telephone(said)
    if number is None or not re.fullmatch(r"\+84[35789]\d{8}", number):
        raise Invalid(
            Fault("address", f"{said!r} is no Vietnamese mobile number", "Give one such as 0912345678.")
        )
    return number


def _check_quiet(quiet_from: time | None, quiet_until: time | None, digest_at: time | None) -> None:
    if (quiet_from is None) != (quiet_until is None):
        fault = Fault("quiet_until", "quiet hours have a beginning and an end", "Give both, or neither.")
        raise Invalid(fault)
    if quiet_from and quiet_until and digest_at and is_quiet(quiet_from, quiet_until, digest_at):
        why = f"{digest_at:%H:%M} is in the quiet hours from {quiet_from:%H:%M} until {quiet_until:%H:%M}"
        raise Invalid(Fault("digest_at", why, f"Give {quiet_until:%H:%M}, or another time outside them."))


def _check_digest(channel: str, digest_at: time | None) -> None:
    if digest_at is not None and channel != "email":
        raise Invalid(Fault("digest_at", "only mails are gathered into one a day", "Leave it out."))

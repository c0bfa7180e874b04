"""By which ways a party is told of an event: its contacts and its endpoints, and when each may be used."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from matcher.clock import VIETNAM
from matcher.notices.zalo_templates import carried
from matcher.store.session import settings_of
from matcher.store.tables import Contact, Endpoint

WayT = TypeVar("WayT", Contact, Endpoint)


@dataclass(frozen=True)
class Way:
    """A channel and its address, and when it may be used.

    `wanted` are the kinds that are wanted there, `carried` those that it can carry; None: all.
    """

    channel: str
    address: str
    wanted: list[str] | None
    contact: Contact | None = None
    endpoint_id: UUID | None = None
    carried: Collection[str] | None = None

    def tells(self, kind: str, *, own_act: bool) -> bool:
        """A person is told of its party's own acts only if it has asked for their kind by name."""
        if self.carried is not None and kind not in self.carried:
            return False
        if self.wanted is None:
            return self.channel == "webhook" or not own_act
        return kind in self.wanted

    def digest_at(self, kind: str) -> time | None:
        """When the mail a day leaves in which this is told; None if it has one of its own."""
        if self.contact is None or kind in (self.contact.at_once or ()):
            return None
        return self.contact.digest_at

    def leaves(self, kind: str, at: datetime) -> datetime:
        """When what happens at this moment may leave."""
        if self.contact is None:
            return at
        digest_at = self.digest_at(kind)
        if digest_at is not None:
            return next_time(digest_at, at)
        return quiet_over(self.contact.quiet_from, self.contact.quiet_until, at)


def ways_of(session: Session, parties: Collection[UUID]) -> dict[UUID, list[Way]]:
    """How each party is told; an empty list for one that reads its notices here only.

    None of its contacts and endpoints is removed before the caller's transaction ends.
    """
    ways: dict[UUID, list[Way]] = {party_id: [] for party_id in parties}
    told = Contact.party_id.in_(parties) & Contact.stopped_at.is_(None) & Contact.bounced_at.is_(None)
    config_folder = settings_of(session).config_folder
    for contact in session.scalars(_kept(select(Contact).where(told).order_by(Contact.id))):
        way = Way(
            contact.channel, contact.address, contact.kinds, contact,
            carried=carried(contact, config_folder),
        )  # fmt: skip
        ways[contact.party_id].append(way)
    open_ones = (Endpoint.party_id.in_(parties)) & Endpoint.disabled_at.is_(None)
    for endpoint in session.scalars(_kept(select(Endpoint).where(open_ones).order_by(Endpoint.id))):
        way = Way("webhook", endpoint.url, endpoint.kinds, endpoint_id=endpoint.id)
        ways[endpoint.party_id].append(way)
    return ways


def _kept(ways: Select[WayT]) -> Select[WayT]:
    """Those that are there once whoever removes one is done, and stay there; only a removal has to wait."""
    return ways.with_for_update(read=True, key_share=True)


def next_time(of_day: time, at: datetime) -> datetime:
    """The next such time of day in Việt Nam, after `at`."""
    today = datetime.combine(at.astimezone(VIETNAM).date(), of_day, VIETNAM)
    return today if today > at else today + timedelta(days=1)


def quiet_over(quiet_from: time | None, quiet_until: time | None, at: datetime) -> datetime:
    """When what happens at this moment may leave: at once, or when the quiet hours that hold it are over."""
    if quiet_from is None or quiet_until is None:
        return at
    local = at.astimezone(VIETNAM)
    if not is_quiet(quiet_from, quiet_until, local.time()):
        return at
    tomorrow = quiet_from > quiet_until and local.time() >= quiet_from
    return datetime.combine(local.date() + timedelta(days=tomorrow), quiet_until, VIETNAM)


def is_quiet(quiet_from: time, quiet_until: time, of_day: time) -> bool:
    """Whether this time of day is in the quiet hours, which may go over midnight."""
    if quiet_from > quiet_until:
        return of_day >= quiet_from or of_day < quiet_until
    return quiet_from <= of_day < quiet_until

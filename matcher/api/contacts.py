"""/v1/contacts: where your people are told; and /stop, the link in their mails."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from config.settings import Settings
from matcher.api.once import OnceRoute, once
from matcher.api.problem_page import RESPONSES
from matcher.api.requests import Caller, Configured, Page, Transaction
from matcher.api.unlisted import UNLISTED
from matcher.notices.contacts import (
    Channel,
    ContactChange,
    ContactPost,
    add_contact,
    change_contact,
    contact_by_token,
    get_contact,
    list_contacts,
    stop,
)
from matcher.notices.stop_page import stop_page
from matcher.notices.zalo_templates import carried
from matcher.parties import remove_contact
from matcher.store.tables import Contact

router = APIRouter(prefix="/v1/contacts", tags=["notices"], route_class=OnceRoute)
pages = APIRouter(tags=["notices"], responses=RESPONSES)

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class ContactView(BaseModel):
    """A person of yours, or an address, and how it is told."""

    id: UUID
    channel: Channel
    address: str
    name: str | None
    language: Literal["vi", "en"] | None = Field(description="null: the party's")
    kinds: list[str] | None = Field(description="the events told there; null: all but what you did yourself")
    carried: list[str] | None = Field(
        description="the events that can be told there: by zalo those with a template; null: every one"
    )
    quiet_from: time | None
    quiet_until: time | None
    digest_at: time | None = Field(description="when the one mail a day leaves; null: a mail for each event")
    at_once: list[str] | None = Field(description="the events that do not wait for it")
    stopped_at: datetime | None = Field(description="when its owner asked for nothing more")
    bounced_at: datetime | None = Field(
        description="when it was found that nothing arrives there; nothing more is sent until it is corrected"
    )
    bounce: str | None = Field(description="what was answered then")
    created_at: datetime


@router.post("", status_code=201, dependencies=[once])
def post(
    session: Transaction, caller: Caller, configured: Configured, body: ContactPost, response: Response
) -> ContactView:
    """Have a person of yours told: by mail, SMS or Zalo."""
    contact = add_contact(session, caller, body)
    response.headers["Location"] = f"/v1/contacts/{contact.id}"
    session.refresh(contact)
    return _view(contact, configured)


@router.get("")
def read_all(session: Transaction, caller: Caller, configured: Configured) -> Page[ContactView]:
    """Where your people are told."""
    return Page(items=[_view(each, configured) for each in list_contacts(session, caller.id)])


@router.get("/{contact_id}")
def read(session: Transaction, caller: Caller, configured: Configured, contact_id: UUID) -> ContactView:
    return _view(get_contact(session, contact_id, caller), configured)


@router.patch("/{contact_id}", dependencies=[once])
def change(
    session: Transaction, caller: Caller, configured: Configured, contact_id: UUID, body: ContactChange
) -> ContactView:
    """Another address, other events or hours; what is due goes to the new address too."""
    contact = get_contact(session, contact_id, caller)
    change_contact(session, contact, body)
    return _view(contact, configured)


@router.delete("/{contact_id}", status_code=204)
def remove(session: Transaction, caller: Caller, contact_id: UUID) -> None:
    """Send nothing there any more."""
    remove_contact(session, get_contact(session, contact_id, caller))


@pages.get("/stop/{token}", response_class=HTMLResponse)
def ask(session: Transaction, token: Token) -> HTMLResponse:
    """A page with a button; to look at it stops nothing, as machines do that with every link."""
    return HTMLResponse(stop_page(contact_by_token(session, token)), headers=UNLISTED)


@pages.post("/stop/{token}", response_class=HTMLResponse)
def stop_mails(session: Transaction, token: Token) -> HTMLResponse:
    """Stop the mails, by the button or by one click in a mail program (RFC 8058)."""
    contact = contact_by_token(session, token)
    stop(session, contact)
    return HTMLResponse(stop_page(contact), headers=UNLISTED)


def _view(contact: Contact, configured: Settings) -> ContactView:
    able = carried(contact, configured.config_folder)
    shown = {name: getattr(contact, name) for name in ContactView.model_fields if name != "carried"}
    return ContactView.model_validate(shown | {"carried": None if able is None else sorted(able)})

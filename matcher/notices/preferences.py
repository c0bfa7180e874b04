"""What a party wants to be told by mail, in which language, and when it does not want to be woken."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.notices.events import Kind
from matcher.store.tables import Party, Preference

Clock = Annotated[time, Field(description="a time of day in Việt Nam, such as 21:30")]


class Preferences(BaseModel):
    """`mail_kinds` are the events told by mail: null for all, an empty list for none. The list has them all.

    From `quiet_from` to `quiet_until` no mail is sent; what happens then is sent when the quiet is over.
    """

    model_config = ConfigDict(extra="forbid")

    language: Literal["vi", "en"]
    mail_kinds: list[Kind] | None = None
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> "Preferences":
        if (self.quiet_from is None) != (self.quiet_until is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_until
        ):
            raise PydanticCustomError("quiet_hours", "quiet hours have a beginning and another end")
        if any(end is not None and end.tzinfo is not None for end in (self.quiet_from, self.quiet_until)):
            raise PydanticCustomError("quiet_hours", "quiet hours are times of day in Việt Nam")
        return self


def preferences_of(session: Session, party: Party) -> Preferences:
    """What the party has chosen; all mails at any time unless it has."""
    chosen = session.get(Preference, party.id)
    said = {} if chosen is None else {name: getattr(chosen, name) for name in _CHOSEN}
    return Preferences.model_validate({"language": party.language} | said)


def prefer(session: Session, party: Party, wanted: Preferences) -> None:
    """Chooses for what happens from now on; what is due already is sent as it was to be."""
    party.language = wanted.language
    chosen = {name: getattr(wanted, name) for name in _CHOSEN}
    row = insert(Preference).values(party_id=party.id, **chosen)
    session.execute(row.on_conflict_do_update(index_elements=[Preference.party_id], set_=chosen))
    session.flush()


_CHOSEN = ("mail_kinds", "quiet_from", "quiet_until")

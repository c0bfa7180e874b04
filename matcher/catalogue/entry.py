"""What every entry of the catalogue has in common."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Strict(), Field(ge=0)]
Kind = Literal["fruit", "vegetable", "spice", "processed"]


class Entry(BaseModel):
    """Frozen, and refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Entry):
    """Vietnamese and English."""

    vi: Text
    en: Text


class Named(Entry):
    key: Key
    names: Names


class Sourced(Entry):
    """A figure or a fact that says where it comes from, or why it may be wrong, or both."""

    source: Text | None = None
    doubt: Text | None = None

    @model_validator(mode="after")
    def _has_source_or_doubt(self) -> Self:
        if self.source is None and self.doubt is None:
            raise ValueError("needs a source, or a doubt that says why there is none")
        return self

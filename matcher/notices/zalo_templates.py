"""Which template of Zalo tells which event in which language, and with what (config/zalo.yaml)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from matcher.catalogue.entry import Entry, Text
from matcher.config_file import read_yaml
from matcher.errors import ConfigError
from matcher.figures import day, number
from matcher.notices.events import KINDS, Kind
from matcher.notices.words import words
from matcher.store.tables import Contact

FILE = "zalo.yaml"
MOST_LETTERS = 100  # of one value; Zalo's own limits are 30 to 200, by how the parameter was registered
OF_ALL = frozenset({"subject", "link"})


class Template(Entry):
    """A template as it was registered with Zalo.

    template_id: as Zalo gave it, in quotes; kinds: the events it tells, in `language`;
    parameters: those of the template, each with the name of a field of these events' data, or `subject`, the
    subject line of the mail, or `link`, where to read on.
    """

    template_id: Annotated[str, Field(pattern=r"^\d{1,30}$")]
    language: Literal["vi", "en"]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    parameters: tuple[Text, ...]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.kinds:
            for name in self.parameters:
                if name not in OF_ALL | set(KINDS[kind][0].__annotations__):
                    raise ValueError(f"{kind} has no {name!r} to fill in")
        return self


class TemplatesFile(Entry):
    templates: tuple[Any, ...]


Templates = Mapping[tuple[str, str], Template]


@cache
def templates_of(config_folder: Path) -> Templates:
    """By kind and language. Raises ConfigError at the first fault."""
    templates, faults = read_templates(config_folder)
    if faults:
        raise faults[0]
    return templates


def carried(contact: Contact, config_folder: Path) -> frozenset[str] | None:
    """The kinds of events that can be told there, None: every one. By Zalo those with a template.

    None too while the templates can not be read: then an attempt fails, says so, and is made again.
    """
    if contact.channel != "zalo":
        return None
    language = contact.language or contact.party.language
    try:
        return frozenset(kind for kind, spoken in templates_of(config_folder) if spoken == language)
    except ConfigError:
        return None


def read_templates(config_folder: Path) -> tuple[Templates, list[ConfigError]]:
    """The templates, and every fault with its file and line."""
    file = read_yaml(config_folder / FILE)
    outer = file.read_as(TemplatesFile, file.data) if file.data is not None else None
    found: dict[tuple[str, str], Template] = {}
    for index, data in enumerate(outer.templates if outer else ()):
        template = file.read_as(Template, data, ("templates", index))
        if template is None:
            continue
        for kind in template.kinds:
            if (kind, template.language) in found:
                file.fault(("templates", index), f"a second template for {kind} in {template.language}")
            found[kind, template.language] = template
    return found, file.faults


def values(kind: str, data: Mapping[str, Any], language: str, links_begin: str) -> dict[str, str]:
    """What there is to fill in, as people write it; never empty, as Zalo refuses that."""
    said = words(kind, dict(data), language, links_begin)
    known = dict.fromkeys(KINDS[kind][0].__annotations__, "")  # an event need not carry all that its kind may
    known |= {name: _written(name, value, language) for name, value in data.items()}
    known |= {"subject": said.subject}
    return {name: _cut(value) or "–" for name, value in known.items()} | {"link": said.link}


def _cut(value: str) -> str:
    # Seen to be cut, as half a number would be another.
    return value if len(value) <= MOST_LETTERS else f"{value[: MOST_LETTERS - 1].rstrip()}…"


def _written(name: str, value: Any, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value[language])
    if name.endswith("_kg") or name == "price":
        return number(value, language)
    return day(value, language) if name.endswith("_day") else str(value)

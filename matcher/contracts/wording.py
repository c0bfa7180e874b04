"""A contract put into words: the terms of one version, filled into the wording they name.

Wordings are the versioned files templates/sale-*.yaml and frame-*.yaml: text in Vietnamese and English, in
which {{ … }} stands for the terms. A row or clause with `each` is said once for each entry of that list, as
`one`, which is number `nth`. What comes out is plain data, the same for a page, a PDF and a Word document.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from matcher.contracts.amount import dong_in_words, kilograms_in_words
from matcher.figures import FILTERS
from matcher.store.tables import Contract, Frame, FrameSide, Signature

# Which side of the wording signs, the name that stands there, and who has signed for it.
Side = tuple[str, str, Sequence[Signature | FrameSide]]
_OPEN = "………"  # to be filled in by hand
_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Both:
    """The same in Vietnamese and in English; `en` is empty where it would say no other."""

    vi: str
    en: str = ""


# Wordings, which are never edited, say how a contract was signed; this is what came of it since.
CAME = {
    "partly_delivered": Both("đã giao một phần", "delivered in part"),
    "fulfilled": Both("đã giao đủ", "delivered in full"),
    "short": Both("giao thiếu, việc giao hàng đã kết thúc", "SHORT, the deliveries are closed"),
    "breached": Both("vi phạm, không có hàng được giao", "BREACHED, nothing was delivered"),
}


@dataclass(frozen=True)
class Row:
    """One value for each column of its section.

    `amount` marks what is set to the right, `strong` what the eye should find first.
    """

    label: Both
    values: tuple[Both, ...]
    amount: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Section:
    """A part of a contract: rows of a table, clauses below it. `columns` head several values."""

    title: Both
    columns: tuple[Both, ...]
    rows: tuple[Row, ...]
    clauses: tuple[Both, ...]


@dataclass(frozen=True)
class Signing:
    """Where one side signs, and who accepted for it by the service, if somebody did."""

    side: Both
    name: str
    accepted: tuple[Both, ...]


@dataclass(frozen=True)
class Wording:
    """All that a document of a contract shows. `mark` lies across pages that are not in force, else None."""

    number: str
    version: int
    nation: tuple[Both, ...]
    title: Both
    made: tuple[Both, ...]
    state: Both
    mark: str | None
    sections: tuple[Section, ...]
    signing: tuple[Signing, ...]
    foot: Both
    link: str
    terms_hash: str
    drafted_at: datetime


def wording(contract: Contract, terms_hash: str, link: str) -> Wording:
    """The words of the contract's version; `link` is the whole address of its page."""
    given = _given(contract, contract.terms, terms_hash)
    signatures = [each for each in contract.signatures if each.version == contract.version]
    sides = [
        (side, given[side]["name"], [each for each in signatures if each.side == side])
        for side in ("seller", "buyer")
    ]
    words = put_into_words(contract, contract.terms["template"], contract.signature, given, sides, link)
    came = CAME.get(contract.fulfilment) if contract.signature == "agreed" else None
    if came is None:
        return words
    state = Both(f"{words.state.vi} – {came.vi}", f"{words.state.en} – {came.en}")
    return replace(words, state=state)


def sections_of(contract: Contract, terms: dict[str, Any]) -> tuple[Section, ...]:
    """What the contract would say with these terms."""
    given = _given(contract, terms, "")
    return tuple(_section(section, given) for section in _template(terms["template"])["sections"])


def nation_of(contract: Contract) -> tuple[Both, ...]:
    """The national heading of the contract's wording."""
    return tuple(_both(line, {}) for line in _template(contract.terms["template"])["nation"])


def put_into_words(  # what is filled into what, and what stands around it
    contract: Contract | Frame,
    template_name: str,
    in_state: str,
    given: dict[str, Any],
    sides: Sequence[Side],
    link: str,
) -> Wording:
    """The wording of this name, filled with `given`. Each side signs, in their order."""
    template = _template(template_name)
    state = template["states"].get(in_state, template["states"]["draft"])
    sections = (_section(section, given) for section in template["sections"])
    return Wording(
        number=contract.number,
        version=contract.version,
        nation=tuple(_both(line, given) for line in template["nation"]),
        title=_both(template["title"], given),
        made=_clauses(template["made"], given),
        state=_both(state, given),
        mark=state.get("mark"),
        sections=tuple(section for section in sections if section.rows or section.clauses),
        signing=tuple(_signing(template, side, given) for side in sides),
        foot=_both(template["foot"], given),
        link=link,
        terms_hash=given["terms_hash"],
        drafted_at=contract.drafted_at,
    )


@cache
def wording_sha256(template: str) -> str:
    """SHA-256, in hexadecimal, of a wording's file. A wording is never edited once contracts name it."""
    return hashlib.sha256(_path(template).read_bytes()).hexdigest()


def _given(contract: Contract, terms: dict[str, Any], terms_hash: str) -> dict[str, Any]:
    """What the wording may name: every term, what follows from them, and the contract's state."""
    kg = Decimal(terms["quantity_kg"])
    words = {language: dong_in_words(terms["amount"], language) for language in ("vi", "en")}
    weight = {language: kilograms_in_words(kg, language) for language in ("vi", "en")}
    return terms | {
        "version": contract.version,
        "deadline": contract.deadline_at,
        "made_on": date.fromisoformat(terms["drafted_on"]),
        "amount_in_words": words,
        "quantity_in_words": weight,
        "terms_hash": terms_hash,
    }


def _section(section: Mapping[str, Any], given: dict[str, Any]) -> Section:
    columns = section.get("columns", ())
    # A column speaks of one party; its values are those of `party`.
    each = [given | {"party": _with_bank(given[column["party"]])} for column in columns]
    rows = (_row(row, each or [one]) for row in section.get("rows", ()) for one in _each(row, given))
    return Section(
        title=_both(section["title"], given),
        columns=tuple(_both(column, given) for column in columns),
        rows=tuple(row for row in rows if any(value.vi for value in row.values)),
        clauses=_clauses(section.get("clauses", ()), given),
    )


def _with_bank(party: dict[str, Any]) -> dict[str, Any]:
    # Wordings leave out a bank that is missing; whoever fills in an account by hand needs room for its bank.
    return party | {"bank": party.get("bank") or _OPEN}


def _row(row: Mapping[str, Any], each: Sequence[dict[str, Any]]) -> Row:
    """What one party says stays open for the other; what none says makes no row."""
    values = tuple(_both(row["says"], given) for given in each)
    if any(value.vi for value in values):
        values = tuple(value if value.vi else Both(_OPEN) for value in values)
    return Row(
        label=_both(row, each[0]),
        values=values,
        amount=row.get("amount", False),
        strong=row.get("strong", False),
    )


def _clauses(clauses: Any, given: dict[str, Any]) -> tuple[Both, ...]:
    said = (_both(clause, one) for clause in clauses for one in _each(clause, given))
    return tuple(clause for clause in said if clause.vi)


def _each(said: Any, given: dict[str, Any]) -> list[dict[str, Any]]:
    """What is given to each saying of a row or clause: one, or one for each entry of the list it names."""
    if "each" not in said:
        return [given]
    return [given | {"one": one, "nth": nth} for nth, one in enumerate(given[said["each"]], 1)]


def _signing(template: Any, side: Side, given: dict[str, Any]) -> Signing:
    which, name, signatures = side
    accepted = (
        _both(line, given | {"signature": signature})
        for signature in signatures
        for line in template["accepted"]
    )
    return Signing(
        side=_both(template["signing"][which], given),
        name=name,
        accepted=tuple(line for line in accepted if line.vi),
    )


def _both(said: Any, given: dict[str, Any]) -> Both:
    if isinstance(said, str):
        return Both(_filled(said, given))
    return Both(_filled(said["vi"], given), _filled(said["en"], given))


def _filled(text: str, given: dict[str, Any]) -> str:
    return " ".join(_compiled(text).render(given).split())


@cache
def _compiled(text: str) -> Any:
    return _words.from_string(text)


@cache
def _template(name: str) -> Any:
    return yaml.load(_path(name).read_text("utf-8"), yaml.CSafeLoader)


def _path(template: str) -> Path:
    return _FOLDER / f"{template.replace('/', '-')}.yaml"


# Plain text: each document escapes for itself.
_words = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
_words.filters |= FILTERS

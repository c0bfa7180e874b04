"""What two versions of a contract say otherwise, on one page: each row that differs, before and after."""

from typing import Any

from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.contracts.amendments import terms_to_read
from matcher.contracts.documents import set_in
from matcher.contracts.draft import page_path
from matcher.contracts.terms import terms_hash
from matcher.contracts.wording import Both, Row, Section, Wording, nation_of, sections_of
from matcher.errors import NotFound
from matcher.store.tables import Contract


def comparison(
    session: Session, contract: Contract, versions: tuple[int, int], media_type: str, settings: Settings
) -> bytes:
    """The comparison in this form, to read: it is not sealed. Raises NotFound."""
    before, after = (terms_to_read(session, contract, version) for version in versions)
    link = f"{settings.links_begin}{page_path(contract)}"
    return set_in(compared(contract, versions, (before, after), link), media_type, None)


def compared(
    contract: Contract, versions: tuple[int, int], terms: tuple[dict[str, Any], dict[str, Any]], link: str
) -> Wording:
    """The words of the comparison. Raises NotFound for a contract drafted before there were wordings."""
    if "template" not in contract.terms:
        raise NotFound("This contract was drafted before documents of this kind; read the plain differences.")

    def proposed(version: int, language: str) -> str:
        """That this version is not in force: its amendment waits for an answer."""
        words = {"vi": " (mới được đề nghị)", "en": " (only proposed)"}
        return words[language] if version > contract.version else ""

    columns = tuple(Both(f"Bản {version}", f"Version {version}") for version in versions)
    before, after = (sections_of(contract, each) for each in terms)
    sections = (_compared(columns, *pair) for pair in zip(before, after, strict=True))
    return Wording(
        number=contract.number,
        version=versions[1],
        nation=nation_of(contract),
        title=Both("SO SÁNH HAI BẢN HỢP ĐỒNG", "Two versions of a contract"),
        made=(Both(f"Số {contract.number}", f"No. {contract.number}"),),
        state=Both(
            " → ".join(f"BẢN {version}{proposed(version, 'vi')}" for version in versions),
            " → ".join(f"VERSION {version}{proposed(version, 'en')}" for version in versions),
        ),
        mark=None,
        sections=tuple(section for section in sections if section.rows),
        signing=(),
        foot=Both(
            "Bản so sánh để đọc; điều các bên ký là hợp đồng.", "To read; what is signed is the contract."
        ),
        link=link,
        terms_hash=terms_hash(terms[1]),
        drafted_at=contract.drafted_at,
    )


def _compared(columns: tuple[Both, ...], before: Section, after: Section) -> Section:
    """The rows that differ; an amendment changes what rows say, not which there are, nor the parties."""
    pairs = [] if after.columns else list(zip(before.rows, after.rows, strict=True))
    rows = (
        _side_by_side(old, new) for old, new in pairs if (old.label, old.values) != (new.label, new.values)
    )
    return Section(after.title, columns, tuple(rows), ())


def _side_by_side(old: Row, new: Row) -> Row:
    """Both values in one row. Arithmetic that a label shows behind “=” goes to the value it makes."""
    if old.label == new.label:
        return Row(new.label, (*old.values, *new.values), new.amount, new.strong)
    values = (_with_arithmetic(row.label, value) for row in (old, new) for value in row.values)
    label = Both(*(text.partition(" = ")[0] for text in (new.label.vi, new.label.en)))
    return Row(label, tuple(values), new.amount, new.strong)


def _with_arithmetic(label: Both, value: Both) -> Both:
    arithmetic = label.vi.partition(" = ")[2]
    return Both(f"{arithmetic} = {value.vi}", value.en) if arithmetic else value

"""A contract's words as a PDF (PDF/A-2u): fonts embedded, selectable text, same bytes for same words."""

import json
from dataclasses import asdict
from pathlib import Path

import typst

from matcher.clock import VIETNAM
from matcher.contracts.qr import qr_svg
from matcher.contracts.wording import Wording

_TEMPLATE = Path(__file__).parent / "templates" / "contract.typ"


def pdf(words: Wording) -> bytes:
    """Sets the words. Letters that no embedded font has (Han, emoji) cost the PDF its /A, not its text."""
    try:
        return _compiled(words, archive=True)
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        return _compiled(words, archive=False)


def _compiled(words: Wording, *, archive: bool) -> bytes:
    drafted = words.drafted_at.astimezone(VIETNAM)
    plain = asdict(words) | {"drafted": [drafted.year, drafted.month, drafted.day]}
    del plain["drafted_at"]
    return typst.compile(
        _TEMPLATE.read_bytes(),
        # No font of the machine: the same everywhere.
        ignore_system_fonts=True,
        sys_inputs={"wording": json.dumps(plain, ensure_ascii=False), "qr": qr_svg(words.link)},
        pdf_standards=["a-2u"] if archive else [],
        timestamp=int(words.drafted_at.timestamp()),
    )

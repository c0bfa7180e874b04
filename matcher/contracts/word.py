"""A contract's words as a Word document (DOCX) for the parties to edit; the same bytes for the same words."""

import io
import zipfile
from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from matcher.contracts.qr import qr_png
from matcher.contracts.wording import Both, Row, Section, Signing, Wording

_GREY = RGBColor(0x5A, 0x5A, 0x5A)
_RED = RGBColor(0xA0, 0x30, 0x30)
_FONT = "Times New Roman"  # what Word has everywhere and Vietnamese offices write in
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def word(words: Wording) -> bytes:
    document = Document()
    _set_up(document, words)
    _head(document, words)
    for section in words.sections:
        _section(document, section)
    if words.signing:
        _signatures(document, words.signing)
    for line in (words.foot, Both(words.link), Both(f"SHA-256 {words.terms_hash}")):
        _say(document.add_paragraph(), line)
    document.add_picture(io.BytesIO(qr_png(words.link)), width=Cm(2.5))
    return _same_bytes(document)


def _set_up(document: DocxDocument, words: Wording) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin = page.bottom_margin = Cm(1.5)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(10)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    normal.paragraph_format.space_after = Pt(2)
    about = document.core_properties
    about.title, about.author, about.comments = f"{words.title.vi} {words.number}", "", ""
    about.created = about.modified = words.drafted_at


def _head(document: DocxDocument, words: Wording) -> None:
    for line in words.nation:
        _say(_centred(document), line, strong=True)
    _say(_centred(document), words.title, strong=True)
    state = _centred(document).add_run(f"{words.state.vi} · {words.state.en}")
    state.bold = True
    if words.mark:
        state.font.color.rgb = _RED
        # On every page, as the mark across the PDF's pages is.
        document.sections[0].header.paragraphs[0].add_run(words.mark).bold = True
    for line in words.made:
        _say(document.add_paragraph(), line)


def _section(document: DocxDocument, section: Section) -> None:
    title = document.add_paragraph()
    title.paragraph_format.space_before = Pt(6)
    title.paragraph_format.keep_with_next = True
    _say(title, section.title, strong=True)
    if section.rows:
        _table(document, section.columns, section.rows)
    for clause in section.clauses:
        _say(document.add_paragraph(), clause)


def _table(document: DocxDocument, columns: Sequence[Both], rows: Sequence[Row]) -> None:
    table = document.add_table(bool(columns) + len(rows), 1 + len(rows[0].values), style="Table Grid")
    # By columns: asking a table for one row's cells makes it look through all of them.
    lines = zip(*(column.cells for column in table.columns), strict=True)
    if columns:
        for cell, column in zip(next(lines)[1:], columns, strict=True):
            _say(cell.paragraphs[0], column, strong=True)
    for row, cells in zip(rows, lines, strict=True):
        _say(cells[0].paragraphs[0], row.label)
        for cell, value in zip(cells[1:], row.values, strict=True):
            _say(cell.paragraphs[0], value, strong=row.strong)
            if row.amount:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _signatures(document: DocxDocument, signing: Sequence[Signing]) -> None:
    document.add_paragraph()
    table = document.add_table(-(-len(signing) // 2), 2)
    cells = [cell for row in table.rows for cell in row.cells]
    for cell, one in zip(cells, signing, strict=False):  # an odd one leaves the last empty
        _say(cell.paragraphs[0], one.side, strong=True)
        for line in one.accepted or (Both(""),) * 4:
            _say(cell.add_paragraph(), line)
        _say(cell.add_paragraph(), Both(one.name))
        for paragraph in cell.paragraphs:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _centred(document: DocxDocument) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paragraph


def _say(paragraph: Paragraph, said: Both, *, strong: bool = False) -> None:
    paragraph.add_run(said.vi).bold = strong
    if said.en and said.en != said.vi:
        paragraph.add_run(" · ")
        english = paragraph.add_run(said.en)
        english.italic, english.font.color.rgb = True, _GREY


def _same_bytes(document: DocxDocument) -> bytes:
    """The saved document with the clock taken out of its archive."""
    saved, again = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            packed.writestr(entry, parts.read(name), zipfile.ZIP_DEFLATED)
    return again.getvalue()

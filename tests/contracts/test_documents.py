"""A contract's documents: what they say, that they say it to the letter, and always in the same bytes."""

import io
import re
import unicodedata
from datetime import UTC, datetime
from html import unescape
from random import Random

import docx
import pypdf
import pytest
from pypdf.generic import DictionaryObject

from config.settings import Settings
from matcher.contracts.amount import dong_in_words
from matcher.contracts.documents import written
from matcher.contracts.draft import DOCX, HTML, PDF, page_path
from matcher.contracts.pdf import pdf
from matcher.contracts.terms import terms_hash
from matcher.contracts.wording import Both, Wording, wording, wording_sha256
from matcher.errors import NotFound
from matcher.figures import number
from matcher.knowledge import Knowledge
from matcher.store.tables import Contract
from tests.contracts.generated import contract, contracts

SETTINGS = Settings(public_url="https://cho.example.vn")
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
LOWER = " ".join([*(letter + tone for letter in "aăâeêioôơuưy" for tone in TONES), "đ"])
LETTERS = unicodedata.normalize("NFC", f"{LOWER} {LOWER.upper()}")


def words_of(made: Contract) -> Wording:
    return wording(made, terms_hash(made.terms), f"https://cho.example.vn{page_path(made)}")


def run_together(text: str) -> str:
    """Without spaces: where a line breaks is the renderer's to say."""
    return re.sub(r"\s+", "", text)


def pdf_pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def docx_text(content: bytes) -> str:
    """All paragraphs and cells of the document's body, from top to bottom."""
    body = docx.Document(io.BytesIO(content)).element.body
    return "".join(node.text or "" for node in body.iter() if node.tag.endswith("}t"))


def html_text(content: bytes) -> str:
    _, _, body = content.decode().partition("<body>")
    return unescape(re.sub(r"<[^<>]*>", "", body))


def in_order(words: Wording) -> str:
    """All of the wording as the PDF sets it, from top to bottom."""

    def both(one: Both, between: str = "·") -> str:
        return one.vi + (between + one.en if one.en and one.en != one.vi else "")

    parts = [*(line.vi for line in words.nation), "·".join(line.en for line in words.nation)]
    parts += [words.title.vi, words.title.en, words.state.vi, "·", words.state.en]
    parts += [part for line in words.made for part in (line.vi, line.en)]
    for section in words.sections:
        parts += [section.title.vi, section.title.en, *(both(column) for column in section.columns)]
        parts += [both(one) for row in section.rows for one in (row.label, *row.values)]
        parts += [part for clause in section.clauses for part in (clause.vi, clause.en)]
    for one in words.signing:
        parts += [both(one.side), *(both(line) for line in one.accepted), one.name]
    return run_together("".join([*parts, both(words.foot), words.link]))


def without_furniture(pages: list[str], words: Wording) -> str:
    """The pages' text without what stands on every page: the mark, number, hash and page number."""
    plain = ""
    for nth, page in enumerate(pages, 1):
        text = run_together(page)
        foot = run_together(f"{words.number}SHA-256{words.terms_hash}{nth}/{len(pages)}")
        mark = run_together(words.mark or "")
        assert text.count(foot) == 1
        assert text.startswith(mark)
        plain += text.replace(foot, "").removeprefix(mark)
    return plain


def says_what_its_contract_says(made: Contract) -> None:
    """Asserts that the PDF's text is the contract's wording, to the letter and with nothing besides."""
    words = words_of(made)
    pages = pdf_pages(pdf(words))
    assert without_furniture(pages, words) == in_order(words)
    assert len(pages) == 2
    terms = made.terms
    whole = in_order(words)
    for term in (
        terms["number"], terms["seller"]["name"], terms["buyer"]["name"], terms["goods"]["lot_id"],
        terms["origin"], terms["destination"], dong_in_words(terms["amount"], "vi"),
        dong_in_words(terms["amount"], "en"), f"×{number(terms['price']['farm_gate'], 'vi')}đ/kg",
    ):  # fmt: skip
        assert run_together(str(term)) in whole


def test_the_text_of_a_pdf_is_the_contract_to_the_letter(knowledge: Knowledge) -> None:
    for made in contracts(12, knowledge):
        says_what_its_contract_says(made)


def test_what_one_party_says_and_the_other_does_not_stays_open(knowledge: Knowledge) -> None:
    (made,) = contracts(1, knowledge)
    said = {
        "email": "htx@example.vn",
        "authority": "Giấy ủy quyền 12",
        "bank_account": "8401205",
        "bank": None,
    }
    none = dict.fromkeys(("phone", *said))
    made.terms = made.terms | {
        "seller": made.terms["seller"] | none | said, "buyer": made.terms["buyer"] | none,
    }  # fmt: skip
    rows = {row.label.en: [each.vi for each in row.values] for row in words_of(made).sections[0].rows}
    assert rows["E-mail"] == ["htx@example.vn", "………"]
    assert rows["Authority"] == ["Giấy ủy quyền 12", "………"]
    assert rows["Bank account"] == ["8401205, ………", "………, ………"]
    assert "Telephone" not in rows, "what neither says is no row"


@pytest.mark.slow
def test_the_text_of_500_pdfs_is_their_contracts_to_the_letter(knowledge: Knowledge) -> None:
    for made in contracts(500, knowledge):
        says_what_its_contract_says(made)


def test_word_documents_and_pages_say_what_the_pdf_says(knowledge: Knowledge) -> None:
    for made in contracts(6, knowledge, seed=2):
        document = run_together(docx_text(written(made, DOCX, SETTINGS))).replace("·", "")
        page = run_together(html_text(written(made, HTML, SETTINGS)))
        words = words_of(made)
        parts = [
            part for section in words.sections for row in section.rows for part in (row.label, *row.values)
        ]
        parts += [clause for section in words.sections for clause in section.clauses]
        for part in (words.title, words.state, *words.made, *parts, *(one.side for one in words.signing)):
            for text in (part.vi, part.en):
                assert run_together(text).replace("·", "") in document
                assert run_together(text) in page


@pytest.mark.parametrize("form", [HTML, PDF, DOCX])
def test_the_same_version_is_always_the_same_bytes(knowledge: Knowledge, form: str) -> None:
    once, again = (written(contract(Random(7), 7, knowledge), form, SETTINGS) for _ in range(2))
    assert once == again


def test_every_vietnamese_letter_can_be_copied_from_names_and_clauses(knowledge: Knowledge) -> None:
    made = contract(Random(1), 1, knowledge)
    made.terms["buyer"]["name"] = made.terms["buyer"]["address"] = LETTERS  # bold, upright
    made.terms["rules"]["weighed_by"] = {"vi": "", "en": LETTERS}  # italic
    made.terms["rules"]["weighed_by"]["vi"] = "Ai cân"
    says_what_its_contract_says(made)


def test_a_pdf_is_an_archive_pdf_with_its_fonts_within(knowledge: Knowledge) -> None:
    content = written(contract(Random(1), 1, knowledge), PDF, SETTINGS)
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert b"pdfaid:part>2<" in content
    objects = (reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"]))))
    fonts = [each for each in objects if isinstance(each, DictionaryObject) and "/FontName" in each]
    assert len(fonts) >= 3  # upright, bold, italic
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)
    intents = reader.root_object["/OutputIntents"]
    assert [each.get_object()["/S"] for each in intents] == ["/GTS_PDFA1"]  # type: ignore[attr-defined]
    assert "/ID" in reader.trailer
    assert not reader.is_encrypted
    assert not reader.attachments


def test_the_words_of_a_pdf_can_be_read_aloud_in_their_languages(knowledge: Knowledge) -> None:
    reader = pypdf.PdfReader(io.BytesIO(written(contract(Random(1), 1, knowledge), PDF, SETTINGS)))
    assert str(reader.root_object["/Lang"]) == "vi"
    assert reader.root_object["/MarkInfo"]["/Marked"]  # type: ignore[index]
    objects = (reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"]))))
    drawn = [
        each for each in objects if isinstance(each, DictionaryObject) and each.get("/Subtype") == "/Type0"
    ]
    assert drawn
    assert all("/ToUnicode" in font for font in drawn)


def test_letters_that_no_font_has_cost_the_pdf_its_archive_mark_and_nothing_else(
    knowledge: Knowledge,
) -> None:
    made = contract(Random(1), 1, knowledge)
    made.terms["buyer"]["name"] = "水果批发 Đồng Xuân 🍈"
    content = written(made, PDF, SETTINGS)
    assert b"pdfaid" not in content
    assert "Đồng Xuân" in "".join(pdf_pages(content))


@pytest.mark.parametrize("state", ["draft", "accepted_by_buyer", "declined", "lapsed", "cancelled"])
def test_what_is_not_in_force_says_so_on_every_page(knowledge: Knowledge, state: str) -> None:
    made = contract(Random(3), 3, knowledge)
    made.signature = state
    mark = words_of(made).mark
    assert mark
    pages = pdf_pages(written(made, PDF, SETTINGS))
    assert all(mark in page for page in pages)
    assert (
        mark in docx.Document(io.BytesIO(written(made, DOCX, SETTINGS))).sections[0].header.paragraphs[0].text
    )


def test_what_is_agreed_bears_no_mark(knowledge: Knowledge) -> None:
    made = contract(Random(3), 3, knowledge)
    made.signature = "agreed"
    assert "DRAFT" not in "".join(pdf_pages(written(made, PDF, SETTINGS)))


def test_the_code_leads_to_the_page_of_the_contract(knowledge: Knowledge) -> None:
    made = contract(Random(3), 3, knowledge)
    link = f"https://cho.example.vn/c/{made.page_key}"
    reader = pypdf.PdfReader(io.BytesIO(written(made, PDF, SETTINGS)))
    leads = {note.get_object()["/A"]["/URI"] for page in reader.pages for note in page.get("/Annots", [])}
    assert leads == {link}
    assert len(link) < 60


def test_a_contract_of_before_the_wordings_still_has_its_page_and_says_where(knowledge: Knowledge) -> None:
    made = contract(Random(4), 4, knowledge)
    for name in ("template", "rules", "legal_bases"):
        del made.terms[name]
    made.drafted_at, made.deadline_at = (
        datetime(2020, 8, 21, 20, tzinfo=UTC),
        datetime(2020, 8, 22, 3, tzinfo=UTC),
    )
    page = written(made, HTML, SETTINGS).decode()
    assert [said for said in (made.number, "22/08/2020 03:00", "22/08/2020 10:00") if said not in page] == []
    with pytest.raises(NotFound, match=r"\.html"):
        written(made, PDF, SETTINGS)


def test_a_contract_keeps_the_rules_it_was_drafted_under(knowledge: Knowledge) -> None:
    made = contract(Random(5), 5, knowledge)
    made.terms["rules"]["penalty_cap_percent"] = 3
    assert "không quá 3 %" in html_text(written(made, HTML, SETTINGS))
    assert "Nghị định số 98/2018" not in html_text(written(made, HTML, SETTINGS))


def test_a_wording_that_contracts_name_is_never_edited() -> None:
    """Write sale-2.yaml instead: the terms keep the hash of the wording they were accepted with."""
    assert wording_sha256("sale/1") == "3eff183733f8a6f6a3b36467df405b2c03b3f79a41313ae9bd1f18a2616e751b"

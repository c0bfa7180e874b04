"""A contract or frame agreement as a bilingual HTML page in UTF-8."""

from markupsafe import Markup

from matcher.contracts.qr import qr_svg
from matcher.contracts.wording import Wording
from matcher.pages import templates_of
from matcher.store.tables import Contract


def page(words: Wording, path: str | None) -> bytes:
    """`path` is where it is without a key, and its other forms beside it."""
    # Our own drawing of our own link: nothing in it to escape.
    drawing = Markup(qr_svg(words.link))  # noqa: S704
    return templates.get_template("page.html").render(said=words, path=path, qr=drawing).encode()


def first_page(contract: Contract) -> bytes:
    """The page of a contract that was drafted before wordings had versions."""
    return templates.get_template("first.html").render(contract=contract, terms=contract.terms).encode()


templates = templates_of("matcher.contracts")

"""The page behind the link in every mail that lets its reader stop them."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from matcher.store.tables import Contact

_templates = Environment(
    loader=PackageLoader("matcher.notices"), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
)


def stop_page(contact: Contact) -> str:
    """A button, or that nothing is sent any more."""
    return _templates.get_template("stop.html").render(contact=contact)

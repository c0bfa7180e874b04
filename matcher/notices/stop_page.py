"""The page behind the link in every mail that lets its reader stop them."""

from matcher.pages import templates_of
from matcher.store.tables import Contact

_templates = templates_of("matcher.notices")


def stop_page(contact: Contact) -> str:
    """A button, or that nothing is sent any more."""
    return _templates.get_template("stop.html").render(contact=contact)

"""Pages as HTML: how the templates of every package are read."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from matcher.figures import FILTERS


def templates_of(package: str) -> Environment:
    """The files in the package's folder templates/; what they are not given is an error."""
    templates = Environment(
        loader=PackageLoader(package),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= FILTERS
    return templates

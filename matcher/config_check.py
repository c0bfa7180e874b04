"""One look over everything an operator may edit in config/."""

from pathlib import Path

from matcher.catalogue import read_catalogue
from matcher.errors import ConfigError
from matcher.notices.zalo_templates import read_templates
from matcher.places import read_places


def check_config(config_folder: Path) -> list[ConfigError]:
    """Every fault in the YAML files and places.csv, with its file and line."""
    return [
        *read_catalogue(config_folder)[1],
        *read_places(config_folder)[1],
        *read_templates(config_folder)[1],
    ]

"""What the service knows of crops, gates, tariff and places: read from config/ once, then passed down."""

from dataclasses import dataclass
from pathlib import Path

from matcher.catalogue import Catalogue
from matcher.catalogue.file import load_catalogue
from matcher.places import Places, load_places


@dataclass(frozen=True)
class Knowledge:
    catalogue: Catalogue
    places: Places


def load_knowledge(config_folder: Path) -> Knowledge:
    """Reads config/. Raises ConfigError naming the file and line of the first fault."""
    return Knowledge(load_catalogue(config_folder), load_places(config_folder))

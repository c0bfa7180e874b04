"""What the numbers of a clearing stand for: the catalogue's keys, and its names for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from matcher.catalogue import Catalogue, Names

Kind = Literal["schemes", "varieties", "grades"]


@dataclass(frozen=True)
class Vocabulary:
    """`keys` are those of the clearing (see Numbers), `names` those of the catalogue as it is now."""

    keys: Mapping[str, Sequence[str]]
    names: Mapping[str, Mapping[str, Names]]

    def name(self, kind: Kind, key: str) -> Names:
        """The key itself where it has left the catalogue."""
        return self.names[kind].get(key) or Names(vi=key, en=key)


def vocabulary(keys: Mapping[str, Sequence[str]], catalogue: Catalogue, crop_key: str) -> Vocabulary:
    crop = catalogue.crops.get(crop_key)
    kinds = {
        "schemes": catalogue.certificates.values(),
        "varieties": crop.varieties if crop else (),
        "grades": crop.grades if crop else (),
    }
    return Vocabulary(keys, {kind: {each.key: each.names for each in named} for kind, named in kinds.items()})

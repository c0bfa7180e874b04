"""The catalogue: what can be traded, under which certificates, to which markets, carried at what cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from matcher.catalogue.contract import ContractWords
from matcher.catalogue.crops import CertificateScheme, Crop
from matcher.catalogue.gates import Gate, Market
from matcher.catalogue.tariff import Tariff
from matcher.errors import NotFound


@dataclass(frozen=True)
class Catalogue:
    """Loaded once by load_catalogue and passed down. Everything is by key."""

    crops: Mapping[str, Crop]
    certificates: Mapping[str, CertificateScheme]
    markets: Mapping[str, Market]
    all_gates: tuple[Gate, ...]
    tariff: Tariff
    contract: ContractWords

    def crop(self, key: str) -> Crop:
        """Raises NotFound."""
        if key not in self.crops:
            raise NotFound(f"the catalogue has no crop {key!r}; it has: {', '.join(self.crops)}")
        return self.crops[key]

    def gates(self, crop_key: str, market: str) -> tuple[Gate, ...]:
        """Every gate of the crop to the market, the earliest first. Raises NotFound for an unknown crop."""
        crop = self.crop(crop_key)
        found = (gate for gate in self.all_gates if gate.market == market and gate.covers(crop))
        return tuple(sorted(found, key=lambda gate: gate.from_))

    def gate_on(self, crop_key: str, market: str, day: date) -> Gate | None:
        """The gate that holds that day; one naming the crop outranks one for its whole kind.

        None means that nothing is known, which must be taken as closed. Raises NotFound for an unknown crop.
        """
        crop = self.crop(crop_key)
        holding = [gate for gate in self.gates(crop_key, market) if gate.holds_on(day)]
        named = [gate for gate in holding if gate.names_crop(crop)]
        return next(iter(named or holding), None)

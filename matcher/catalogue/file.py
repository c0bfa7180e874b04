"""Reads the YAML files of config/ into a Catalogue, or names every fault in them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from matcher.catalogue.catalogue import Catalogue
from matcher.catalogue.contract import ContractRules, ContractWords, LegalBases, RuleEntries
from matcher.catalogue.crops import CertificateScheme, Crop, CropsFile, duplicates_within
from matcher.catalogue.gates import Gate, GatesFile, Market, overlaps_among
from matcher.catalogue.tariff import Tariff, TariffFile
from matcher.config_file import YamlFile, read_yaml
from matcher.errors import ConfigError

Keyed = TypeVar("Keyed", CertificateScheme, Crop, Market)
Indexed = list[tuple[int, Gate]]


def load_catalogue(config_folder: Path) -> Catalogue:
    """Raises ConfigError at the first fault in crops.yaml, gates.yaml, tariff.yaml or contract.yaml."""
    catalogue, faults = read_catalogue(config_folder)
    if catalogue is None:
        raise faults[0]
    return catalogue


def read_catalogue(config_folder: Path) -> tuple[Catalogue | None, list[ConfigError]]:
    """The catalogue, None unless all is right, and every fault with its file and line."""
    crops_file = read_yaml(config_folder / "crops.yaml")
    gates_file = read_yaml(config_folder / "gates.yaml")
    tariff_file = read_yaml(config_folder / "tariff.yaml")
    contract_file = read_yaml(config_folder / "contract.yaml")
    schemes, crops = _read_crops(crops_file)
    markets, gates = _read_gates(gates_file)
    if not crops_file.faults:
        _check_words(gates_file, gates, markets, crops, schemes)
    tariff = _read_tariff(tariff_file)
    contract = _read_contract(contract_file)

    files = (crops_file, gates_file, tariff_file, contract_file)
    faults = [fault for file in files for fault in file.faults]
    faults.sort(key=lambda fault: (fault.file, fault.line or 0))
    if faults or tariff is None or contract is None:
        return None, faults
    all_gates = tuple(gate for _, gate in gates)
    return Catalogue(_by_key(crops), _by_key(schemes), _by_key(markets), all_gates, tariff, contract), []


def _read_crops(file: YamlFile) -> tuple[Sequence[CertificateScheme], Sequence[Crop]]:
    outer = file.read_as(CropsFile, file.data) if file.data is not None else None
    if outer is None:
        return (), ()
    _note_twice(file, "certificates", enumerate(outer.certificates))
    crops: list[tuple[int, Crop]] = []
    for index, data in enumerate(outer.crops):
        crop = file.read_as(Crop, data, ("crops", index))
        if crop is None:
            continue
        crops.append((index, crop))
        for name, position, message in duplicates_within(crop):
            file.fault(("crops", index, name, position), message)
    _note_twice(file, "crops", crops)
    return outer.certificates, [crop for _, crop in crops]


def _read_gates(file: YamlFile) -> tuple[Sequence[Market], Indexed]:
    outer = file.read_as(GatesFile, file.data) if file.data is not None else None
    if outer is None:
        return (), []
    _note_twice(file, "markets", enumerate(outer.markets))
    read = ((index, file.read_as(Gate, data, ("gates", index))) for index, data in enumerate(outer.gates))
    gates = [(index, gate) for index, gate in read if gate is not None]
    for later, earlier in overlaps_among([gate for _, gate in gates]):
        line = file.lines["gates", gates[earlier][0]]
        file.fault(("gates", gates[later][0]), f"speaks of the same crop, market and days as line {line}")
    return outer.markets, gates


def _check_words(
    file: YamlFile,
    gates: Indexed,
    markets: Sequence[Market],
    crops: Sequence[Crop],
    schemes: Sequence[CertificateScheme],
) -> None:
    """Notes each crop, market or certificate that a gate names and nobody knows."""
    crop_keys, scheme_keys, market_keys = _by_key(crops), _by_key(schemes), _by_key(markets)
    for index, gate in gates:
        for position, key in enumerate(gate.crops or ()):
            if key not in crop_keys:
                file.fault(("gates", index, "crops", position), f"crops.yaml has no crop {key!r}")
        for position, key in enumerate(gate.requires.certificates):
            if key not in scheme_keys:
                where = ("gates", index, "requires", "certificates", position)
                file.fault(where, f"crops.yaml has no certificate {key!r}")
        if gate.market not in market_keys:
            file.fault(("gates", index, "market"), f"{gate.market!r} is not among the markets above")


def _read_tariff(file: YamlFile) -> Tariff | None:
    figures = file.read_as(TariffFile, file.data) if file.data is not None else None
    if figures is None:
        return None
    return file.read_as(Tariff, {key: figure.value for key, figure in figures.root.items()})


def _read_contract(file: YamlFile) -> ContractWords | None:
    if not isinstance(file.data, dict):
        if file.data is not None:
            file.fault((), "must be a mapping of rules")
        return None
    said = dict(file.data)
    bases = file.read_as(LegalBases, said.pop("legal_bases", []), ("legal_bases",))
    entries = file.read_as(RuleEntries, said)
    if bases is None or entries is None:
        return None
    rules = file.read_as(ContractRules, {key: entry.value for key, entry in entries.root.items()})
    return ContractWords(bases.root, rules) if rules else None


def _note_twice(file: YamlFile, name: str, entries: Iterable[tuple[int, Keyed]]) -> None:
    seen: set[str] = set()
    for index, entry in entries:
        if entry.key in seen:
            file.fault((name, index), f"the key {entry.key!r} is given twice")
        seen.add(entry.key)


def _by_key(entries: Iterable[Keyed]) -> dict[str, Keyed]:
    return {entry.key: entry for entry in entries}

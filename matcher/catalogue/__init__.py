"""The catalogue as data: crops, certificate schemes, market gates and the transport tariff."""

from matcher.catalogue.catalogue import Catalogue
from matcher.catalogue.contract import ContractKind, ContractWords
from matcher.catalogue.crops import CertificateScheme, Crop, Package, Storage
from matcher.catalogue.entry import Kind, Names
from matcher.catalogue.file import load_catalogue, read_catalogue
from matcher.catalogue.gates import Gate, Market, Requirements
from matcher.catalogue.tariff import Tariff

__all__ = [
    "Catalogue",
    "CertificateScheme",
    "ContractKind",
    "ContractWords",
    "Crop",
    "Gate",
    "Kind",
    "Market",
    "Names",
    "Package",
    "Requirements",
    "Storage",
    "Tariff",
    "load_catalogue",
    "read_catalogue",
]

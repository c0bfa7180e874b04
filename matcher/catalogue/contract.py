"""What contracts say that is neither the parties' nor the market's (config/contract.yaml)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, RootModel, Strict

from matcher.catalogue.entry import Entry, Names, Sourced

Count = Annotated[int, Strict(), Field(ge=0)]
Percent = Annotated[int, Strict(), Field(ge=0, le=100)]
ContractKind = Literal["sale", "linkage"]


class LegalBasis(Sourced):
    """A law that a contract of these kinds stands on."""

    names: Names
    contracts: Annotated[tuple[ContractKind, ...], Field(min_length=1)]


class ContractRules(Entry):
    """Taken over into each contract as it is drafted.

    place_of_contract: where it is made; taxes: who pays them.
    tolerance_percent: by which the weighed quantity may differ from the agreed one, either way;
    weighed_by: who weighs, where, before whom.
    packaging, price_includes: how goods are packed; what is in the price.
    payment_method; payment_days: days from delivery in which the buyer pays.
    quality_judged_at: where; rejection_hours: from delivery, in which faults must be told.
    force_majeure_notice_hours: in which its victim tells the other party.
    penalty_cap_percent: the highest penalty, of the value of the part in breach.
    negotiation_days: before either party may go to forum_of_disputes.
    copies_each: printed copies for each party.
    """

    place_of_contract: Names
    tolerance_percent: Percent
    weighed_by: Names
    packaging: Names
    price_includes: Names
    taxes: Names
    payment_method: Names
    payment_days: Count
    quality_judged_at: Names
    rejection_hours: Count
    force_majeure_notice_hours: Count
    penalty_cap_percent: Percent
    negotiation_days: Count
    forum_of_disputes: Names
    copies_each: Count


class RuleEntry(Sourced):
    value: Annotated[int, Strict()] | Names


class RuleEntries(RootModel[dict[str, RuleEntry]]):
    """contract.yaml gives each of ContractRules with its source."""


class LegalBases(RootModel[Annotated[tuple[LegalBasis, ...], Field(min_length=1)]]):
    """The list of that name in contract.yaml."""


@dataclass(frozen=True)
class ContractWords:
    """All of contract.yaml."""

    legal_bases: tuple[LegalBasis, ...]
    rules: ContractRules

    def bases_of(self, kind: ContractKind) -> tuple[Names, ...]:
        return tuple(basis.names for basis in self.legal_bases if kind in basis.contracts)

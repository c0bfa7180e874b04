"""What became of a replayed season, gathered through the API as an operator reads it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from demo.cases import CASES, Outcome
from demo.replay import Posted
from demo.season import Season

Item = dict[str, Any]


@dataclass
class Traded:
    """kg offered, wanted and matched, and what the matched is worth at the farm gate, in đồng."""

    offered: Decimal = Decimal(0)
    wanted: Decimal = Decimal(0)
    matched: Decimal = Decimal(0)
    value: int = 0
    matches: int = 0

    def add_match(self, match: Item) -> None:
        self.matched += Decimal(match["quantity_kg"])
        self.value += worth(match)
        self.matches += 1


@dataclass(frozen=True)
class Check:
    """Two counts that must be equal."""

    vietnamese: str
    english: str
    expected: Decimal | int
    found: Decimal | int

    @property
    def holds(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True)
class CaseResult:
    """How many orders of a case came in, and of how many came what was intended (demo/cases.py)."""

    case: str
    orders: int
    as_intended: int


@dataclass(frozen=True)
class Summary:
    """`by_crop` goes by the crop's names, Vietnamese and English; `by_district` by the seller's district."""

    by_crop: Mapping[tuple[str, str], Traded]
    by_district: Mapping[str, Traded]
    total: Traded
    posted: Posted
    checks: Sequence[Check]
    cases: Sequence[CaseResult]
    deliveries: Mapping[str, int] = field(default_factory=dict)
    sample_contract: str | None = None
    sample_number: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every check holds and every awkward case came out as intended."""
        return all(check.holds for check in self.checks) and all(
            result.orders == result.as_intended for result in self.cases
        )


def summary(client: httpx.Client, season: Season, posted: Posted) -> Summary:
    """Reads everything once; call it when nothing is due any more. `client` shows an operator's key.

    Counts the season's own orders and what came of them, whatever else the ledger holds.
    Raises httpx.HTTPStatusError.
    """
    lots = _ours(_all(client, "/v1/lots"), posted.lots)
    demands = _ours(_all(client, "/v1/demands"), posted.demands)
    matches = [match for match in _all(client, "/v1/matches") if match["lot_id"] in lots]
    match_ids = {match["id"] for match in matches}
    contracts = [item for item in _all(client, "/v1/contracts") if item["match_id"] in match_ids]
    notices = list(_all(client, "/v1/notices"))
    sample = _sample(matches)
    return Summary(
        by_crop=_by_crop(_crop_names(client), lots, demands, matches),
        by_district=_by_district(_districts(season, posted), lots, matches),
        total=_total(lots, demands, matches),
        posted=posted,
        checks=_checks(lots, demands, matches, contracts, notices),
        cases=_cases(season, posted, lots | demands, matches),
        deliveries=Counter(delivery["state"] for notice in notices for delivery in notice["deliveries"]),
        sample_contract=f"/v1/contracts/{sample['contract_id']}.html" if sample else None,
        sample_number=sample["contract_number"] if sample else None,
    )


def worth(match: Item) -> int:
    """What the match costs at the farm gate, in whole đồng, half a đồng up, as its contract says."""
    grams = int(Decimal(match["quantity_kg"]) * 1000)
    return int(grams * match["price"] + 500) // 1000


def _all(client: httpx.Client, path: str) -> Iterator[Item]:
    """Every item of a list, page after page."""
    address: str | None = path
    parameters: dict[str, int] | None = {"limit": 200}
    while address is not None:
        answer = client.get(address, params=parameters).raise_for_status()
        yield from answer.json()["items"]
        address, parameters = answer.links.get("next", {}).get("url"), None


def _ours(orders: Iterable[Item], ids: Mapping[str, str]) -> dict[str, Item]:
    own = set(ids.values())
    return {order["id"]: order for order in orders if order["id"] in own}


def _crop_names(client: httpx.Client) -> dict[str, tuple[str, str]]:
    crops = client.get("/v1/crops").raise_for_status().json()
    return {crop["key"]: (crop["names"]["vi"], crop["names"]["en"]) for crop in crops}


def _districts(season: Season, posted: Posted) -> dict[str, str]:
    """The seller's district of each lot's id."""
    return {posted.lots[post.key]: post.district or "—" for post in season.orders("lot")}


def _by_crop(
    names: Mapping[str, tuple[str, str]],
    lots: Mapping[str, Item],
    demands: Mapping[str, Item],
    matches: Iterable[Item],
) -> dict[tuple[str, str], Traded]:
    by_crop: dict[str, Traded] = defaultdict(Traded)
    for lot in lots.values():
        by_crop[lot["crop"]].offered += Decimal(lot["quantity_kg"])
    for demand in demands.values():
        by_crop[demand["crop"]].wanted += Decimal(demand["quantity_kg"])
    for match in matches:
        by_crop[match["crop"]].add_match(match)
    ordered = sorted(by_crop.items(), key=lambda entry: -entry[1].offered)
    return {names[crop]: traded for crop, traded in ordered}


def _by_district(
    districts: Mapping[str, str], lots: Mapping[str, Item], matches: Iterable[Item]
) -> dict[str, Traded]:
    by_district: dict[str, Traded] = defaultdict(Traded)
    for lot in lots.values():
        by_district[districts[lot["id"]]].offered += Decimal(lot["quantity_kg"])
    for match in matches:
        by_district[districts[match["lot_id"]]].add_match(match)
    return dict(sorted(by_district.items(), key=lambda entry: -entry[1].offered))


def _total(lots: Mapping[str, Item], demands: Mapping[str, Item], matches: Iterable[Item]) -> Traded:
    total = Traded(_kilograms(lots.values(), "quantity_kg"), _kilograms(demands.values(), "quantity_kg"))
    for match in matches:
        total.add_match(match)
    return total


def _kilograms(items: Iterable[Item], name: str) -> Decimal:
    return sum((Decimal(item[name]) for item in items), Decimal(0))


def _checks(
    lots: Mapping[str, Item],
    demands: Mapping[str, Item],
    matches: Sequence[Item],
    contracts: Sequence[Item],
    notices: Sequence[Item],
) -> list[Check]:
    matched = _kilograms(matches, "quantity_kg")
    contracted = len({contract["match_id"] for contract in contracts})
    told = sum(notice["kind"].startswith("match") for notice in notices)
    return [
        Check("Hợp đồng, mỗi khớp một", "Contracts, one a match", len(matches), len(contracts)),
        Check("Khớp có hợp đồng", "Matches with a contract", len(matches), contracted),
        Check("Thông báo, mỗi khớp hai", "Notices, two a match", 2 * len(matches), told),
        Check("kg lấy từ các lô", "kg taken from lots", matched, _kilograms(lots.values(), "taken_kg")),
        Check("kg giao các đơn", "kg given to demands", matched, _kilograms(demands.values(), "taken_kg")),
    ]


def _cases(
    season: Season, posted: Posted, orders: Mapping[str, Item], matches: Sequence[Item]
) -> list[CaseResult]:
    matches_of: dict[str, list[Item]] = defaultdict(list)
    for match in matches:
        matches_of[match["lot_id"]].append(match)
        matches_of[match["demand_id"]].append(match)
    ids = posted.lots | posted.demands
    results = []
    for key, case in CASES.items():
        own = [ids[post.key] for post in season.posts if post.case == key and post.key in ids]
        intended = sum(_came(case.outcome, orders[order], matches_of[order]) for order in own)
        results.append(CaseResult(key, len(own), intended))
    return results


def _came(outcome: Outcome, order: Item, matches: Sequence[Item]) -> bool:
    if outcome == "nothing":
        return not matches and Decimal(order["taken_kg"]) == 0
    if outcome == "several":
        return len({(match["lot_id"], match["demand_id"]) for match in matches}) >= 2
    if outcome == "multiples":
        multiple = Decimal(order["multiple_kg"])
        return bool(matches) and all(Decimal(match["quantity_kg"]) % multiple == 0 for match in matches)
    return bool(matches)


def _sample(matches: Sequence[Item]) -> Item | None:
    """The match of the greatest worth: its contract is the one to look at."""
    return max(matches, key=worth, default=None)

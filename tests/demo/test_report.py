"""The season traded for real: replayed over HTTP, cleared, and reported on."""

from dataclasses import replace
from decimal import Decimal

import httpx
from rich.console import Console

from config.settings import Settings
from demo.outcome import Check
from demo.replay import replay
from demo.report import print_summary, summary
from demo.season import read_season
from matcher.knowledge import Knowledge
from matcher.parties import PartyPost, add_key, add_party
from matcher.store.session import Ledger
from matcher.trading.clear import clear


def test_the_season_trades_and_every_awkward_case_comes_out_as_intended(
    base_url: str, ledger: Ledger, settings: Settings, knowledge: Knowledge
) -> None:
    season = read_season()
    with ledger.transaction() as session:
        keys = {
            party.key: add_key(session, add_party(session, party.profile))
            for party in season.parties.values()
        }
        operator = add_key(session, add_party(session, PartyPost(kind="operator", name="Ban điều hành")))

    posted = replay(season, base_url, keys)
    for crop in knowledge.catalogue.crops:
        with ledger.transaction() as session:
            clear(session, crop, knowledge, settings)

    with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {operator}"}) as client:
        found = summary(client, season, posted)
        assert found.sample_contract is not None
        assert found.sample_number is not None
        assert found.sample_number in client.get(found.sample_contract).raise_for_status().text
    assert [check for check in found.checks if not check.holds] == []
    assert [result for result in found.cases if result.orders != result.as_intended] == []
    assert found.holds
    assert found.total.offered > 500_000
    assert found.total.matched > found.total.offered / 3
    for parts in (found.by_crop.values(), found.by_district.values()):
        assert sum((part.matched for part in parts), Decimal(0)) == found.total.matched
        assert sum(part.value for part in parts) == found.total.value

    console = Console(record=True, width=120)
    print_summary(found, console)
    text = console.export_text()
    assert "Custard apple" in text
    assert "Hữu Lũng" in text
    assert "✗" not in text

    wrong = replace(found, checks=[Check("Sai", "wrong", 1, 2)])
    assert not wrong.holds
    print_summary(wrong, console)
    assert "✗" in console.export_text()

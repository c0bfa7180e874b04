"""The season traded for real: replayed over HTTP, cleared, and reported on."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
import uvicorn
from rich.console import Console

from config.settings import Settings
from demo.outcome import Check
from demo.replay import replay
from demo.report import print_summary, summary
from demo.season import read_season
from matcher.api.app import create_app
from matcher.knowledge import Knowledge
from matcher.parties import PartyPost, add_key, add_party
from matcher.store.session import Ledger
from matcher.trading.clear import clear


@pytest.fixture
def base_url(settings: Settings, ledger: Ledger) -> Iterator[str]:
    """Where the service answers, on a port of its own."""
    # asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings, ledger), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


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

import pytest

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.frames.season import Season


@pytest.fixture
def season(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Season:
    return Season(ledger, knowledge, settings)


@pytest.fixture
def agreed(season: Season) -> Season:
    season.sign(season.seller)
    season.sign(season.buyer)
    return season

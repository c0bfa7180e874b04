import pytest

from config.settings import Settings
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.contracts.deal import Deal


@pytest.fixture
def deal(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Deal:
    return Deal(ledger, knowledge, settings)

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from config.settings import Settings
from matcher.api.app import create_app
from matcher.parties import add_key
from matcher.store.session import Ledger
from tests.market import party


class Api(TestClient):
    """A client of the service, with a way to speak as a new party."""

    ledger: Ledger

    def as_new(self, kind: str, name: str = "") -> dict[str, str]:
        """Headers that carry the API key of a party just made."""
        with self.ledger.transaction() as session:
            return {"Authorization": f"Bearer {add_key(session, party(session, kind, name))}"}


@pytest.fixture
def api(settings: Settings, ledger: Ledger) -> Iterator[Api]:
    with Api(create_app(settings, ledger), raise_server_exceptions=False) as client:
        client.ledger = ledger
        yield client

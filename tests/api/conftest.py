from collections.abc import Iterator

import httpx
import pytest

from matcher.parties import add_key
from matcher.store.session import Ledger
from tests.market import party


class Api(httpx.Client):
    """A client of the running service, with a way to speak as a new party."""

    def __init__(self, base_url: str, ledger: Ledger) -> None:
        super().__init__(base_url=base_url, timeout=20)
        self.ledger = ledger

    def as_new(self, kind: str, name: str = "", **fields: str) -> dict[str, str]:
        """Headers that carry the API key of a party just made."""
        with self.ledger.transaction() as session:
            return {"Authorization": f"Bearer {add_key(session, party(session, kind, name, **fields))}"}


@pytest.fixture
def api(base_url: str, ledger: Ledger) -> Iterator[Api]:
    with Api(base_url, ledger) as client:
        yield client

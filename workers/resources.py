"""What a worker process holds for all its tasks: made at first use, so never shared across a fork."""

import os
from dataclasses import dataclass
from functools import cache

import httpx

from config.settings import Settings
from matcher.knowledge import Knowledge, load_knowledge
from matcher.notices.connection import transport
from matcher.store.session import Ledger
from matcher.trading.outcome import StandingBooks
from workers.bell import bell


@dataclass(frozen=True)
class Resources:
    settings: Settings
    ledger: Ledger
    knowledge: Knowledge
    transport: httpx.HTTPTransport
    standing: StandingBooks


def resources() -> Resources:
    """This process's own. Raises Unavailable without a database, ConfigError when config/ is wrong."""
    return _resources_of(os.getpid())


@cache
def _resources_of(_pid: int) -> Resources:
    settings = Settings()
    return Resources(
        settings=settings,
        ledger=Ledger(settings, bell(settings)),
        knowledge=load_knowledge(settings.config_folder),
        transport=transport(private_allowed=settings.private_addresses_allowed),
        standing={},
    )

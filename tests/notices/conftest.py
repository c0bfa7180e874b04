"""The client that webhooks leave by, with a timeout short enough to wait for."""

from collections.abc import Iterator

import httpx
import pytest

from config.settings import Settings
from demo.receivers import WebhookReceiver
from matcher.notices.webhook import new_client


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with new_client(settings) as client:
        yield client


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    """Settings that give a receiver half a second."""
    return settings.model_copy(update={"delivery_timeout_seconds": 0.5})


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver

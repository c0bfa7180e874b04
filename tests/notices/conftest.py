"""The transport that webhooks leave by, with a timeout short enough to wait for, and who receives."""

from collections.abc import Iterator

import httpx
import pytest

from config.settings import Settings
from demo.receivers import MailReceiver, WebhookReceiver
from matcher.notices.connection import transport as new_transport


@pytest.fixture
def transport() -> Iterator[httpx.HTTPTransport]:
    with new_transport(private_allowed=True) as transport:
        yield transport


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    """Settings that give a receiver half a second."""
    return settings.model_copy(update={"delivery_timeout_seconds": 0.5})


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def server() -> Iterator[MailReceiver]:
    with MailReceiver() as server:
        yield server

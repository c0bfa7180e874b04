"""Settings for real worker processes: a broker database of the test's own, and a sweep that comes soon."""

from collections.abc import Iterator
from itertools import cycle

import pytest
import redis
from sqlalchemy.engine import make_url

from config.settings import Settings

_databases = cycle(range(1, 15))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    url = make_url(settings.redis_url or "").set(database=str(next(_databases)))
    own = {"redis_url": url.render_as_string(hide_password=False)}
    with redis.Redis.from_url(own["redis_url"]) as broker:
        broker.flushdb()
    return settings.model_copy(update={**own, "sweep_seconds": 0.5, "ring_patience_seconds": 1.0})


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    """The broker as its own client sees it."""
    with redis.Redis.from_url(settings.redis_url or "") as client:
        yield client

"""A worker that dies between sending and recording."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from matcher.notices import deliver


class Killed(BaseException):
    """The worker's end: nothing that comes after it is run."""


class Doomed(httpx.HTTPTransport):
    """Kills its worker once the receiver has answered."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        super().handle_request(request).close()
        raise Killed


@contextmanager
def dying_before_it_records(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within the block a worker dies when it would record what it has sent, by whatever channel."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as doomed:
        doomed.setattr(deliver, "settle", die)
        yield

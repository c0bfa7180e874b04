"""Ringing: it never holds up who rings, and what can not be rung is left to the sweep."""

import logging
import socket
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from chaos.proxy import Proxy
from config.settings import Settings
from matcher.ops.queues import queues
from matcher.store.session import Ring
from tests.servers.helpers import eventually
from workers.bell import bell


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A broker that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def at(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})


def test_a_ring_waits_in_its_queue_with_the_moment_it_was_rung(settings: Settings) -> None:
    bell(settings)([Ring("clear_book", "na"), Ring("deliver", "x")])

    def known() -> bool:
        waiting = queues(settings, ("clearing", "notices"))
        return all(each.depth == 1 and each.oldest_rung_at for each in waiting)

    assert eventually(known)


def test_who_rings_does_not_wait_for_a_broker_that_is_mute(
    settings: Settings, mute: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    ring = bell(at(settings, mute.getsockname()[1]))
    with caplog.at_level(logging.WARNING, "workers.bell"):
        for number in range(100):
            ring([Ring("render", str(number))])
        # Had it waited for the broker to fail, it would have said so before it came back.
        assert caplog.records == []


def test_rings_that_no_broker_takes_are_dropped_together_and_said_so(
    settings: Settings, mute: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    port = mute.getsockname()[1]
    mute.close()
    with caplog.at_level(logging.WARNING, "workers.bell"):
        bell(at(settings, port))([Ring("render", str(number)) for number in range(50)])
        eventually(lambda: caplog.records)
    assert "the sweep will" in caplog.messages[0]


def test_more_rings_than_can_wait_are_no_error(settings: Settings, mute: socket.socket) -> None:
    ring = bell(at(settings, mute.getsockname()[1]))
    ring([Ring("render", str(number)) for number in range(25_000)])


def test_a_connection_that_dies_in_the_middle_of_many_rings_costs_none_of_them(settings: Settings) -> None:
    def depth() -> int:
        return queues(settings, ("documents",))[0].depth

    behind = make_url(settings.redis_url or "")
    with Proxy("127.0.0.1", behind.port or 0) as link:
        through = behind.set(port=link.port).render_as_string(hide_password=False)
        bell(settings.model_copy(update={"redis_url": through}))(
            [Ring("render", str(number)) for number in range(2000)]
        )
        eventually(lambda: depth() > 100)
        assert depth() < 2000, "it is in the middle"
        link.end_all(reset=True)
        eventually(lambda: depth() >= 2000)

"""Ways to start an owner of servers that may be killed, and to look at servers from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
import pytest
import redis

from config.settings import Settings
from workers.embedded import Home, Remembered
from workers.processes import bound_to_us, find_processes

ROOT = Path(__file__).parents[2]
T = TypeVar("T")

needs_death_signal = pytest.mark.skipif(
    bound_to_us([], signal.SIGTERM) == [], reason="without Linux and setpriv nobody tells of a parent's death"
)


def settings_for(folder: Path, database_url: str | None = None, redis_url: str | None = None) -> Settings:
    return Settings(data_folder=folder, database_url=database_url, redis_url=redis_url)


def mark_of(folder: Path) -> str:
    """What every process of the servers of a data folder has in its command line."""
    return Home(folder, None, Remembered(0, "", "", 0, "")).mark


def server_processes(folder: Path) -> list[int]:
    """Every process of the servers of a data folder, PostgreSQL's children included."""
    return find_processes("", mark_of(folder))


def run_sql(url: str | None, statement: LiteralString) -> list[tuple[Any, ...]]:
    assert url is not None
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def broker_answers(url: str | None) -> bool:
    assert url is not None
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


def eventually(ask: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true answer of `ask`; an error of a connection or a file counts as none."""
    deadline = time.monotonic() + seconds
    while True:
        last: object = None
        try:
            last = answer = ask()
            if answer:
                return answer
        except (psycopg.OperationalError, redis.RedisError, OSError) as error:
            last = error
        assert time.monotonic() < deadline, f"it did not come about: {last!r}"
        time.sleep(0.02)


@dataclass(frozen=True)
class Owner:
    """A running tests.servers.owner and what it printed when it was ready."""

    process: subprocess.Popen[str]
    database_url: str
    redis_url: str
    port: int


@contextmanager
def owner_process(
    *arguments: object, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Owner]:
    """Runs tests.servers.owner until it is ready, and ends it if the test did not."""
    with subprocess.Popen(
        [*prefix, sys.executable, "-m", "tests.servers.owner", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Owner(process, **json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(30)

"""A Celery task that does nothing, with the same settings as ours: what a round trip costs at the least."""

import sys

import redis
from celery import Celery

from config.settings import Settings
from workers.broker import celery_app

DONE = "bench-noop-done"


def noop_app(redis_url: str) -> Celery:
    app = celery_app(Settings(redis_url=redis_url))
    app.conf.task_routes = {"noop": {"queue": "noop"}}
    return app


def main(redis_url: str) -> None:
    app, client = noop_app(redis_url), redis.Redis.from_url(redis_url)

    @app.task(name="noop")
    def noop() -> None:
        client.rpush(DONE, 1)

    app.worker_main(["worker", "-Q", "noop", "-n", "noop@%h", "-c", "1", "-l", "ERROR"])


if __name__ == "__main__":
    main(sys.argv[1])

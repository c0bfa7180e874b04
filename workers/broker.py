"""The Celery application on its broker. Why each setting is what it is: docs/operations.md."""

from celery import Celery

from config.settings import Settings

HARD_LIMIT_SECONDS = 120
SOFT_LIMIT_SECONDS = 100


def celery_app(settings: Settings) -> Celery:
    """The application on the broker of the settings. Nothing connects until something is sent or consumed."""
    app = Celery("matcher", broker=settings.redis_url, include=["workers.tasks"])
    app.conf.update(
        # A message carries an id and nothing else; what it leads to is in the ledger.
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # Acknowledged after the work, so that a killed worker's ring is heard by another.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_default_queue="housekeeping",
        task_routes={
            "clear_book": {"queue": "clearing"},
            "settle_book": {"queue": "standing"},
            "deliver": {"queue": "notices"},
            "render": {"queue": "documents"},
            "sweep": {"queue": "housekeeping"},
        },
        task_time_limit=HARD_LIMIT_SECONDS,
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        worker_max_tasks_per_child=5000,
        worker_max_memory_per_child=2_000_000,  # KiB
        worker_soft_shutdown_timeout=10.0,
        worker_consumer="workers.consumer:RingConsumer",
        # A connection that died is opened anew once; a broker that is away is left to the sweep.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
        broker_connection_timeout=1.0,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(settings),
        worker_cancel_long_running_tasks_on_connection_loss=False,
        event_queue_expires=60,
        beat_schedule={
            "sweep": {
                "task": "sweep",
                "schedule": settings.sweep_seconds,
                "options": {"expires": settings.sweep_seconds * 2},
            }
        },
        timezone="UTC",
    )
    return app


def _transport_options(settings: Settings) -> dict[str, object]:
    if not (settings.redis_url or "").startswith("redis"):
        return {}
    return {
        # Longer than any task may run: a task still running is never handed to a second worker.
        "visibility_timeout": HARD_LIMIT_SECONDS * 2,
        "socket_timeout": 5.0,
        "socket_connect_timeout": 1.0,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }

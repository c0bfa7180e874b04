"""The web process: the HTTP service on uvicorn, its rings leaving through Celery."""

import uvicorn
from fastapi import FastAPI

from config.settings import Settings
from matcher.api.app import create_app
from matcher.knowledge import load_knowledge
from matcher.store.session import Ledger
from workers.bell import bell


def app() -> FastAPI:
    """The service from MATCHER_* settings. Raises Unavailable without a database, ConfigError on config/."""
    settings = Settings()
    return create_app(settings, Ledger(settings, bell(settings)), load_knowledge(settings.config_folder))


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are answered first."""
    uvicorn.run(
        "workers.web:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        proxy_headers=False,  # matcher.api.peer reads them
        timeout_graceful_shutdown=10,
    )

"""What `celery -A workers.app` runs: the entry point of every worker and scheduler."""

from sqlalchemy.orm import configure_mappers

from config.settings import Settings
from workers import heartbeat, stop, warm
from workers.broker import celery_app

# Before any child is forked: one forked while a thread is doing it would wait for its lock for ever.
configure_mappers()
app = celery_app(Settings())
heartbeat.connect()
warm.connect()
stop.connect()

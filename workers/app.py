"""What `celery -A workers.app` runs: the entry point of every worker and scheduler."""

from config.settings import Settings
from workers import heartbeat, stop, warm
from workers.broker import celery_app

app = celery_app(Settings())
heartbeat.connect()
warm.connect()
stop.connect()

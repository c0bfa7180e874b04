"""The whole service on servers of its own, with a proxy on every way between its parts."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import redis

from chaos.evidence import Evidence, Hook, Mail
from chaos.proxy import Proxy
from config.settings import Settings
from demo.receivers import MailReceiver, WebhookReceiver
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from workers.embedded import free_port
from workers.procfile import read_procfile
from workers.servers import servers
from workers.supervisor import Supervisor
from workers.up import PROCFILE

# So few connections that filling them takes no minute; and when each row was committed, for the checker.
POSTGRESQL = {"max_connections": "100", "track_commit_timestamp": "on"}
DELIVERY_TIMEOUT_SECONDS = 2.0


class Mailbox(MailReceiver):
    """The receiver of mail, which may also answer with what is no SMTP."""

    garbage = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.garbage:
            return "not what you expected"
        return await super().handle_DATA(server, session, envelope)


@dataclass
class Stage:
    """`direct` has the servers' own URLs, `settings` those through the proxies, which the service uses.

    `links` are the proxies on the ways to the database, broker, mail, web and webhooks.
    """

    direct: Settings
    settings: Settings
    supervisor: Supervisor
    links: Mapping[str, Proxy]
    webhooks: WebhookReceiver
    mail: Mailbox

    @property
    def base_url(self) -> str:
        """Where the load finds the service."""
        return f"http://127.0.0.1:{self.links['web'].port}"

    @property
    def hooks_url(self) -> str:
        """Where the service finds the receiver of webhooks."""
        return _through(self.webhooks.url, self.links["webhooks"])

    @property
    def conninfo(self) -> str:
        return plain_url(self.direct)

    def database(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection past the proxy. Raises psycopg.OperationalError."""
        return psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5)

    def broker(self) -> "redis.Redis":
        """A client of the broker past the proxy."""
        assert self.direct.redis_url is not None  # noqa: S101  # the servers have filled it
        return redis.Redis.from_url(self.direct.redis_url, socket_timeout=5)

    def pid_of_postgresql(self) -> int:
        """The postmaster's id; it is supervised, so it may be another a moment later. Raises OSError."""
        return int((self.direct.data_folder / "postgresql" / "postmaster.pid").read_text().partition("\n")[0])

    def is_ready(self) -> bool:
        """Whether the web process answers and reaches the database."""
        try:
            address = f"http://{self.settings.host}:{self.settings.port}/readyz"
            return httpx.get(address, timeout=5).is_success
        except httpx.TransportError:
            return False

    def received(self, evidence: Evidence) -> None:
        """Adds to the evidence what the receivers were sent."""
        home = self.hooks_url.removesuffix("/notices")
        evidence.hooks = [
            Hook(home + each.path, each.headers["webhook-id"], each.body) for each in self.webhooks.received
        ]
        evidence.mails = [
            Mail(parseaddr(str(each["To"]))[1], str(each["Message-ID"]).removeprefix("<").partition("@")[0])
            for each in self.mail.received
        ]


def plain_url(settings: Settings) -> str:
    """The database's URL as libpq takes it."""
    return (settings.database_url or "").replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Everything, started in `folder`; stopped on leaving. Raises ServerError."""
    own = Settings(
        database_url=None,
        redis_url=None,
        data_folder=folder,
        port=free_port(),
        private_addresses_allowed=True,
    )
    with ExitStack() as on_leaving:
        webhooks, mail = on_leaving.enter_context(WebhookReceiver()), on_leaving.enter_context(Mailbox())
        direct = on_leaving.enter_context(servers(own, **POSTGRESQL))
        links = {
            name: on_leaving.enter_context(Proxy("127.0.0.1", urlsplit(url or "").port or 0))
            for name, url in (
                ("database", direct.database_url),
                ("broker", direct.redis_url),
                ("mail", mail.url),
                ("web", f"http://{own.host}:{own.port}"),
                ("webhooks", webhooks.url),
            )
        }
        settings = direct.model_copy(
            update={
                "database_url": _through(direct.database_url, links["database"]),
                "redis_url": _through(direct.redis_url, links["broker"]),
                "smtp_url": _through(mail.url, links["mail"]),
                "delivery_timeout_seconds": DELIVERY_TIMEOUT_SECONDS,
            }
        )
        ledger = Ledger(direct)
        migrate(ledger)
        ledger.engine.dispose()
        supervisor = Supervisor(direct.data_folder / "log")
        on_leaving.callback(supervisor.stop)
        _start(supervisor, settings)
        yield Stage(direct, settings, supervisor, links, webhooks, mail)


def _through(url: str | None, link: Proxy) -> str:
    found = urlsplit(url or "")
    return found._replace(netloc=f"{found.netloc.rpartition(':')[0]}:{link.port}").geturl()


def _start(supervisor: Supervisor, settings: Settings) -> None:
    environment = {
        **os.environ,
        **settings.as_environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }
    for name, command in read_procfile(PROCFILE, environment).items():
        supervisor.start(name, command, environment, stop_signals=(signal.SIGTERM,))

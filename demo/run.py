"""`matcher demo`: a harvest week traded through the real service, from an empty machine to a clean stop."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from config.settings import Settings
from demo.outcome import Summary, summary
from demo.receivers import MailReceiver, WebhookReceiver
from demo.replay import Posted, replay
from demo.report import print_summary
from demo.season import Season, read_season
from matcher.errors import Unavailable
from matcher.notices.endpoints import add_endpoint
from matcher.ops.status import status
from matcher.parties import PartyPost, add_key, add_party
from matcher.store.session import Ledger
from matcher.store.tables import Delivery
from workers.procfile import until_signalled
from workers.up import running_service

QUIET_WITHIN_SECONDS = 120.0


def run(settings: Settings, console: Console) -> None:
    """Trades the season on servers of its own, prints what was traded, stops everything.

    Keeps the sample contract and the logs in `data_folder/demo`. Raises Unavailable when the work is not
    done in time, a count does not hold, or a signal ends it early.
    """
    kept = settings.data_folder.resolve() / "demo"
    with (
        until_signalled(),
        _own_settings(settings) as own,
        WebhookReceiver() as webhooks,
        MailReceiver() as mail,
    ):
        console.print("Starting PostgreSQL, Valkey, web, workers and scheduler …")
        with running_service(own.model_copy(update={"smtp_url": mail.url})) as ready:
            try:
                found = _trade(ready, webhooks, console)
                _keep_contract(found, ready, kept)
            finally:
                shutil.copytree(ready.data_folder / "log", kept / "log", dirs_exist_ok=True)
        print_summary(found, console)
        console.print(f"Webhooks received {len(webhooks.received):,}, mails {len(mail.received):,}.")
        console.print(f"Hợp đồng mẫu · The sample contract: {kept / 'contract.html'}", soft_wrap=True)
        if not found.holds:
            raise Unavailable(f"The counts above do not all hold; the logs in {kept / 'log'} say why")
        return
    raise Unavailable("Stopped before its end; nothing was left behind.")


@contextmanager
def _own_settings(settings: Settings) -> Iterator[Settings]:
    """Settings that name no server, in a folder that goes away: the demo never touches a real market."""
    with tempfile.TemporaryDirectory(prefix="harvest-demo-") as folder:
        changes = {"database_url": None, "redis_url": None, "data_folder": Path(folder), "port": 0}
        changes["private_addresses_allowed"] = True  # the receivers are on this machine
        for name in ("MATCHER_DATABASE_URL", "MATCHER_REDIS_URL"):
            os.environ.pop(name, None)
        yield settings.model_copy(update=changes)


def _trade(ready: Settings, webhooks: WebhookReceiver, console: Console) -> Summary:
    season = read_season()
    ledger = Ledger(ready)
    keys = _add_parties(ledger, season, webhooks.url)
    base_url = f"http://{ready.host}:{ready.port}"
    posted = _replay_shown(season, base_url, keys, console)
    _wait_until_quiet(ledger, ready, console)
    ledger.engine.dispose()
    operator = {"Authorization": f"Bearer {keys['operator']}"}
    with httpx.Client(base_url=base_url, headers=operator, timeout=30) as client:
        found = summary(client, season, posted)
        if found.sample_contract:
            page = client.get(found.sample_contract).raise_for_status()
            (ready.data_folder / "contract.html").write_bytes(page.content)
        return found


def _add_parties(ledger: Ledger, season: Season, webhook: str) -> Mapping[str, str]:
    """Adds the season's parties and an operator; returns their API keys. Every other one takes webhooks."""
    keys = {}
    with ledger.transaction() as session:
        for index, (key, party) in enumerate(season.parties.items()):
            email = f"{key}@example.vn"
            added = add_party(session, party.profile.model_copy(update={"email": email}))
            if index % 2:
                add_endpoint(session, added, f"{webhook}/{key}")
            keys[key] = add_key(session, added)
        operator = add_party(session, PartyPost(kind="operator", name="Ban điều hành"))
        keys["operator"] = add_key(session, operator)
    return keys


def _replay_shown(season: Season, base_url: str, keys: Mapping[str, str], console: Console) -> Posted:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Posting the season over HTTP", total=len(season.posts))
        return replay(season, base_url, keys, lambda done, _all: progress.update(task, completed=done))


def _wait_until_quiet(ledger: Ledger, settings: Settings, console: Console) -> None:
    """Returns once nothing is due in the ledger. Raises Unavailable, with what is left, after two minutes."""
    deadline = time.monotonic() + QUIET_WITHIN_SECONDS
    with console.status("Clearing, telling both sides, drafting …"):
        while left := _unfinished(ledger, settings):
            if time.monotonic() > deadline:
                raise Unavailable(f"Not done in time: {left}")
            time.sleep(0.2)


def _unfinished(ledger: Ledger, settings: Settings) -> str:
    overdue = [f"{due.count} {due.kind}" for due in status(ledger, settings).overdue if due.count]
    with ledger.transaction() as session:
        # One that is being sent, or waits for its next attempt, is not overdue and still not done.
        unsent = session.scalar(select(func.count()).where(Delivery.state == "due"))
    return ", ".join([*overdue, *([f"{unsent} deliveries"] if unsent else [])])


def _keep_contract(found: Summary, ready: Settings, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    if found.sample_contract:
        shutil.copy(ready.data_folder / "contract.html", kept / "contract.html")

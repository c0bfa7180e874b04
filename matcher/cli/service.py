"""`matcher up`, `demo`, `web`, `migrate`, `status`: the service as a whole."""

import typer
from rich.console import Console

from config.settings import Settings
from matcher.cli.opened import errors_shown, opened_ledger
from matcher.ops.show import show_status
from matcher.ops.status import status as read_status
from matcher.store.migrate import migrate as migrate_database

commands = typer.Typer()
console = Console()


@commands.command()
def up() -> None:
    """Start everything and stay up until Ctrl-C: web, workers, scheduler, and servers if none are named."""
    from workers.up import up as stay_up  # noqa: PLC0415  # only this command needs the workers

    with errors_shown():
        stay_up(Settings(), console)


@commands.command()
def demo() -> None:
    """Trade one harvest week through the real service, print what was traded, and stop."""
    from demo.run import run  # noqa: PLC0415

    with errors_shown():
        run(Settings(), console)


@commands.command()
def web() -> None:
    """Serve the HTTP API (the Procfile's `web`)."""
    from workers.web import serve  # noqa: PLC0415

    with errors_shown():
        serve(Settings())


@commands.command()
def migrate() -> None:
    """Bring the database up to the tables this version needs."""
    with opened_ledger() as ledger:
        migrate_database(ledger)


@commands.command()
def status() -> None:
    """Show what waits in the queues, what is overdue in the ledger, and who works."""
    with opened_ledger() as ledger:
        show_status(read_status(ledger, ledger.settings), console)

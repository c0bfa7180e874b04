"""`matcher quarantine …`."""

from typing import Annotated
from uuid import UUID

import typer

from matcher.cli.opened import opened_ledger
from matcher.clock import VIETNAM
from matcher.trading.quarantine import get_quarantined, quarantined, release

commands = typer.Typer(no_args_is_help=True, help="Orders that the clearing passes over, and why.")


@commands.command("list")
def quarantine_list(limit: Annotated[int, typer.Option(min=1, max=1000)] = 50) -> None:
    """List the orders set aside, those posted last first: id, since when, lot or demand, crop, the error."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        for each in quarantined(session, limit=limit):
            since = f"{each.since.astimezone(VIETNAM):%d/%m %H:%M:%S}"
            typer.echo(f"{each.id}  {since}  {each.order:<6}  {each.crop}  {each.error}")


@commands.command("show")
def quarantine_show(order: UUID) -> None:
    """Print the traceback of what went wrong with an order, by its id."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        typer.echo(get_quarantined(session, order).quarantine_traceback)


@commands.command("release")
def quarantine_release(order: UUID) -> None:
    """Give an order back to its book, once the cause is mended; if it fails again it is set aside again."""
    with opened_ledger() as ledger:
        ledger.run(lambda session: release(session, order))
        typer.echo("Back in its book; the next sweep rings for it.")

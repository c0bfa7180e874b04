"""`matcher clearing …`."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from matcher.cli.opened import opened_ledger
from matcher.clock import VIETNAM
from matcher.fields import kilograms_text
from matcher.ops.show import show_comparison
from matcher.trading.outlook import next_freezes
from matcher.trading.record.clearings import last_clearings, percent_of_bound
from matcher.trading.record.replay import compare, prices, replay

commands = typer.Typer(
    no_args_is_help=True, help="Clearings: prove one again, or ask what other terms would do."
)


@commands.command("list")
def clearing_list(crop: str | None = None, limit: Annotated[int, typer.Option(min=1, max=1000)] = 20) -> None:
    """List the last clearings, newest first.

    Its id, when it ended (Vietnamese time), matches, value, bound, percent of that, crop, how it was found.
    """
    with opened_ledger() as ledger, ledger.transaction() as session:
        for row in last_clearings(session, crop, limit):
            finished = f"{row.finished_at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
            value, bound = (f"{int(total) // 1000:,} đ" for total in (row.welfare, row.upper_bound))
            percent = percent_of_bound(row)
            reached = "–" if percent is None else f"{percent} %"
            figures = f"{row.matches:>5}  {value:>17}  {bound:>17}  {reached:>8}"
            typer.echo(f"{row.id}  {finished}  {figures}  {row.crop}  {row.method}")


@commands.command("tentative")
def clearing_tentative(
    crop: str | None = None, limit: Annotated[int, typer.Option(min=1, max=1000)] = 20
) -> None:
    """List what would be matched for good next, the soonest first.

    When it freezes (Vietnamese time), kg, đ/kg at the farm gate, km by road, crop, who to whom, lot, demand.
    """
    with opened_ledger() as ledger, ledger.transaction() as session:
        found = next_freezes(session, crop, limit + 1)
    for row in found[:limit]:
        freezes = f"{row.freeze_at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
        figures = (
            f"{kilograms_text(row.quantity_g):>11} kg  {row.price:>9,} đ/kg  {row.distance_m // 1000:>5} km"
        )
        typer.echo(
            f"{freezes}  {figures}  {row.crop}  {row.seller} → {row.buyer}  {row.lot_id}  {row.demand_id}"
        )
    if not found:
        typer.echo("Nothing is tentative.")
    if len(found) > limit:
        typer.echo(f"There are more than these {limit}; give --limit for up to 1000.", err=True)


@commands.command("replay")
def clearing_replay(clearing: UUID) -> None:
    """Run a clearing again from its stored input: its certificate and every match must come out the same."""
    with opened_ledger() as ledger, ledger.snapshot() as session:
        different = replay(session, clearing)
    if different:
        typer.echo(f"It comes out different in: {', '.join(different)}", err=True)
        raise typer.Exit(1)
    typer.echo("The same, match for match, and its certificate holds.")


@commands.command("compare")
def clearing_compare(
    clearing: UUID,
    rule: Annotated[
        list[str], typer.Option(help="a term and its value, as max_distance=200000; several, each once")
    ],
) -> None:
    """Show what other terms would have done to a clearing: another tariff, radius or price rule."""
    with opened_ledger() as ledger, ledger.snapshot() as session:
        show_comparison(compare(session, clearing, rule), rule, Console())


@commands.command("prices")
def clearing_prices(clearing: UUID) -> None:
    """Print the prices that prove a clearing, as CSV: lot or demand, its id, kg it could trade, đ/kg."""
    with opened_ledger() as ledger, ledger.snapshot() as session:
        listed = prices(session, clearing)
    typer.echo("side,order,quantity_kg,price")
    for side, order, grams, price in listed:
        typer.echo(f"{side},{order},{kilograms_text(grams)},{price}")

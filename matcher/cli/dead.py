"""`matcher dead …`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from matcher.cli.opened import opened_ledger
from matcher.clock import VIETNAM
from matcher.notices.dead import DeadLetters, list_dead, requeue, requeue_dead

commands = typer.Typer(no_args_is_help=True, help="Notices that could not be delivered for three days.")
Channel = Annotated[str | None, typer.Option(help="webhook, email, sms or zalo")]
Address = Annotated[str | None, typer.Option(help="where it was to go, or where its receiver is now")]
Since = Annotated[datetime | None, typer.Option(help="of events since, as 2026-08-21T05:00:00")]


@commands.command("list")
def dead_list(
    channel: Channel = None,
    address: Address = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List dead letters, the oldest first: id, channel, event, address, the last answer."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        for delivery, kind in list_dead(session, _dead(channel, address, since), limit):
            last = delivery.attempts[-1].answer if delivery.attempts else ""
            typer.echo(f"{delivery.id}  {delivery.channel:<7}  {kind}  {delivery.address}  {last}")


@commands.command("requeue")
def dead_requeue(
    deliveries: Annotated[list[UUID] | None, typer.Argument(help="by their ids")] = None,
    channel: Channel = None,
    address: Address = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="all there are")] = False,
) -> None:
    """Give dead letters their whole schedule again: by their ids, all that the options name, or --all."""
    ways = (bool(deliveries), any((channel, address, since)), every)
    if sum(ways) != 1:
        raise typer.BadParameter("say which: ids, --channel, --address and --since, or --all")
    with opened_ledger() as ledger, ledger.transaction() as session:
        if deliveries:
            done = [requeue(session, delivery) for delivery in deliveries]
        else:
            done = [requeue_dead(session, _dead(channel, address, since))]
    queued, withdrawn = sum(each.queued for each in done), sum(each.withdrawn for each in done)
    typer.echo(f"{queued} due now (at most 10,000 at once); the next sweep rings for them.")
    typer.echo(f"{withdrawn} withdrawn, as what they tell has become untrue.")


def _dead(channel: str | None, address: str | None, since: datetime | None) -> DeadLetters:
    # Whoever gives no offset means the time in Việt Nam.
    moment = since.replace(tzinfo=VIETNAM) if since and since.tzinfo is None else since
    return DeadLetters(channel, address, moment)

"""`matcher …`: the commands of those who run the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from matcher.clock import VIETNAM
from matcher.config_check import check_config
from matcher.contracts.keys import keys_in, keys_of, rotate
from matcher.contracts.verify import WORDS, verify
from matcher.errors import Invalid, MatcherError
from matcher.faults import invalid
from matcher.fields import kilograms
from matcher.notices.dead import DeadLetters, list_dead, requeue, requeue_dead
from matcher.notices.endpoints import add_endpoint
from matcher.notices.web_address import refuse_private
from matcher.ops.show import show_comparison, show_status
from matcher.ops.status import status as read_status
from matcher.parties import (
    PartyPost,
    add_key,
    add_party,
    amend_party,
    get_party,
    list_parties,
    revoke_key,
)
from matcher.store.migrate import migrate as migrate_database
from matcher.store.session import Ledger
from matcher.trading.clearings import last_clearings, percent_of_bound
from matcher.trading.quarantine import get_quarantined, quarantined, release
from matcher.trading.replay import compare, prices, replay

app = typer.Typer(
    no_args_is_help=True, help="Match harvest lots with wholesale demand.", add_completion=False
)
party_app = typer.Typer(no_args_is_help=True, help="Parties, their keys and where their notices go.")
config_app = typer.Typer(no_args_is_help=True, help="The files in config/.")
clearing_app = typer.Typer(
    no_args_is_help=True, help="Clearings: prove one again, or ask what other terms would do."
)
dead_app = typer.Typer(no_args_is_help=True, help="Notices that could not be delivered for three days.")
app.add_typer(dead_app, name="dead")
Channel = Annotated[str | None, typer.Option(help="webhook, email, sms or zalo")]
Address = Annotated[str | None, typer.Option(help="where it was to go, or where its receiver is now")]
Since = Annotated[datetime | None, typer.Option(help="of events since, as 2026-08-21T05:00:00")]
contract_app = typer.Typer(no_args_is_help=True, help="Contracts: verify a document, change the sealing key.")
app.add_typer(contract_app, name="contract")
app.add_typer(party_app, name="party")
app.add_typer(config_app, name="config")
quarantine_app = typer.Typer(no_args_is_help=True, help="Orders that the clearing passes over, and why.")
app.add_typer(clearing_app, name="clearing")
app.add_typer(quarantine_app, name="quarantine")
console = Console()


@app.command()
def up() -> None:
    """Start everything and stay up until Ctrl-C: web, workers, scheduler, and servers if none are named."""
    from workers.up import up as stay_up  # noqa: PLC0415  # only this command needs the workers

    with _errors_shown():
        stay_up(Settings(), console)


@app.command()
def demo() -> None:
    """Trade one harvest week through the real service, print what was traded, and stop."""
    from demo.run import run  # noqa: PLC0415

    with _errors_shown():
        run(Settings(), console)


@app.command()
def web() -> None:
    """Serve the HTTP API (the Procfile's `web`)."""
    from workers.web import serve  # noqa: PLC0415

    with _errors_shown():
        serve(Settings())


@app.command()
def migrate() -> None:
    """Bring the database up to the tables this version needs."""
    with _ledger() as ledger:
        migrate_database(ledger)


@app.command()
def status() -> None:
    """Show what waits in the queues, what is overdue in the ledger, and who works."""
    with _ledger() as ledger:
        show_status(read_status(ledger, ledger.settings), console)


@config_app.command("check")
def check() -> None:
    """Check every file in config/ and name each fault by file and line."""
    faults = check_config(Settings().config_folder)
    for fault in faults:
        typer.echo(str(fault), err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo("config/ is right.")


@dead_app.command("list")
def dead_list(
    channel: Channel = None,
    address: Address = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List dead letters, the oldest first: id, channel, event, address, the last answer."""
    with _ledger() as ledger, ledger.transaction() as session:
        for delivery, kind in list_dead(session, _dead(channel, address, since), limit):
            last = delivery.attempts[-1].answer if delivery.attempts else ""
            typer.echo(f"{delivery.id}  {delivery.channel:<7}  {kind}  {delivery.address}  {last}")


@dead_app.command("requeue")
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
    with _ledger() as ledger, ledger.transaction() as session:
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


@quarantine_app.command("list")
def quarantine_list(limit: Annotated[int, typer.Option(min=1, max=1000)] = 50) -> None:
    """List the orders set aside, those posted last first: id, since when, lot or demand, crop, the error."""
    with _ledger() as ledger, ledger.transaction() as session:
        for each in quarantined(session, limit=limit):
            since = f"{each.since.astimezone(VIETNAM):%d/%m %H:%M:%S}"
            typer.echo(f"{each.id}  {since}  {each.order:<6}  {each.crop}  {each.error}")


@quarantine_app.command("show")
def quarantine_show(order: UUID) -> None:
    """Print the traceback of what went wrong with an order, by its id."""
    with _ledger() as ledger, ledger.transaction() as session:
        typer.echo(get_quarantined(session, order).quarantine_traceback)


@quarantine_app.command("release")
def quarantine_release(order: UUID) -> None:
    """Give an order back to its book, once the cause is mended; if it fails again it is set aside again."""
    with _ledger() as ledger:
        ledger.run(lambda session: release(session, order))
        typer.echo("Back in its book; the next sweep rings for it.")


@clearing_app.command("list")
def clearing_list(crop: str | None = None, limit: Annotated[int, typer.Option(min=1, max=1000)] = 20) -> None:
    """List the last clearings, newest first: id, end, matches, value, its bound, percent of it, crop."""
    with _ledger() as ledger, ledger.transaction() as session:
        for row in last_clearings(session, crop, limit):
            finished = f"{row.finished_at.astimezone(VIETNAM):%d/%m %H:%M:%S}"
            value, bound = (f"{int(total) // 1000:,} đ" for total in (row.welfare, row.upper_bound))
            reached = f"{percent_of_bound(row)} %"
            typer.echo(
                f"{row.id}  {finished}  {row.matches:>5}  {value:>17}  {bound:>17}  {reached:>8}  {row.crop}"
            )


@clearing_app.command("replay")
def clearing_replay(clearing: UUID) -> None:
    """Run a clearing again from its stored input: its certificate and every match must come out the same."""
    with _ledger() as ledger, ledger.transaction() as session:
        different = replay(session, clearing)
    if different:
        typer.echo(f"It comes out different in: {', '.join(different)}", err=True)
        raise typer.Exit(1)
    typer.echo("The same, match for match, and its certificate holds.")


@clearing_app.command("compare")
def clearing_compare(
    clearing: UUID,
    rule: Annotated[
        list[str], typer.Option(help="a term and its value, as max_distance=200000; several, each once")
    ],
) -> None:
    """Show what other terms would have done to a clearing: another tariff, radius or price rule."""
    with _ledger() as ledger, ledger.transaction() as session:
        show_comparison(compare(session, clearing, rule), rule, console)


@clearing_app.command("prices")
def clearing_prices(clearing: UUID) -> None:
    """Print the prices that prove a clearing, as CSV: lot or demand, its id, kg it could trade, đ/kg."""
    with _ledger() as ledger, ledger.transaction() as session:
        listed = prices(session, clearing)
    typer.echo("side,order,quantity_kg,price")
    for side, order, grams, price in listed:
        typer.echo(f"{side},{order},{kilograms(grams)},{price}")


@contract_app.command("verify")
def contract_verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="a PDF, page or evidence of ours")
    ],
    keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="the service's /.well-known/jwks.json, kept earlier"),
    ] = None,
) -> None:
    """Tell whether a document is genuine and unchanged, without the database; exit code 1 if it is not."""
    with _errors_shown():
        trusted = keys_in(Settings().sealing_folder) if keys is None else keys_of(keys.read_bytes())
    verdict = verify(file.read_bytes(), trusted)
    for language in ("vi", "en"):
        typer.echo(WORDS[verdict.finding][language])
    for name in ("number", "version", "state", "contract", "terms_hash"):
        if verdict.genuine:
            typer.echo(f"{name:<12}{verdict.facts[name]}")
    if not verdict.genuine:
        raise typer.Exit(1)


@contract_app.command("new-key")
def contract_new_key() -> None:
    """Seal with a new key from now on, on this host; what the old one has sealed stays genuine."""
    with _ledger() as ledger:
        key = ledger.run(lambda session: rotate(session, ledger.settings.sealing_folder))
        typer.echo(f"New documents are sealed with {key.id}.")


@party_app.command("add")
def party_add(
    kind: Annotated[str, typer.Argument(help="producer, buyer or operator")],
    name: str,
    language: str = "vi",
    email: str | None = None,
    webhook: Annotated[str | None, typer.Option(help="where its webhooks go")] = None,
    address: str | None = None,
    tax_code: Annotated[str | None, typer.Option(help="10 digits, 10-3 of a branch, or 12")] = None,
    phone: str | None = None,
    representative: str | None = None,
    position: Annotated[str | None, typer.Option(help="the representative's, as director")] = None,
    authority: Annotated[str | None, typer.Option(help="what entitles the representative to sign")] = None,
    bank_account: str | None = None,
    bank: str | None = None,
    growing_area_code: Annotated[str | None, typer.Option(help="for lots that name none")] = None,
) -> None:
    """Add a party and print its id, its API key and, with --webhook, the secret that signs its webhooks."""
    said = {
        "kind": kind, "name": name, "language": language, "email": email, "address": address,
        "tax_code": tax_code, "phone": phone, "representative": representative, "position": position,
        "authority": authority, "bank_account": bank_account, "bank": bank,
        "growing_area_code": growing_area_code,
    }  # fmt: skip
    with _ledger() as ledger, ledger.transaction() as session:
        if webhook and not ledger.settings.private_addresses_allowed:
            refuse_private(webhook)
        party = add_party(session, PartyPost.model_validate(said))
        typer.echo(f"party   {party.id}\nkey     {add_key(session, party, 'first')}")
        if webhook:
            typer.echo(f"secret  {add_endpoint(session, party, webhook).secret}")


@party_app.command("amend")
def party_amend(
    party: UUID,
    said: Annotated[
        list[str],
        typer.Argument(help="fields of `add`, as bank_account=8401205; bank_account= empties it"),
    ],
) -> None:
    """Change what a party says of itself; later contracts say so too."""
    for part in said:
        if "=" not in part:
            raise typer.BadParameter(f"{part} gives no value; write {part}=…, or {part}= to empty it")
    changes = dict(part.partition("=")[::2] for part in said)
    with _ledger() as ledger, ledger.transaction() as session:
        typer.echo(f"Amended: {amend_party(session, party, changes).name}")


@party_app.command("key")
def party_key(party: UUID, label: str = "") -> None:
    """Make a further API key for a party and print it, once."""
    with _ledger() as ledger, ledger.transaction() as session:
        typer.echo(add_key(session, get_party(session, party), label))


@party_app.command("list")
def party_list() -> None:
    """List all parties, each with its valid keys below it."""
    with _ledger() as ledger, ledger.transaction() as session:
        for party, keys in list_parties(session):
            typer.echo(f"{party.id}  {party.kind:<8}  {party.name}")
            for key in keys:
                typer.echo(f"    key {key.id}  {key.label}".rstrip())


@party_app.command("revoke")
def party_revoke(key: UUID) -> None:
    """Revoke an API key by its id (see `matcher party list`)."""
    with _ledger() as ledger, ledger.transaction() as session:
        revoke_key(session, key)


@contextmanager
def _ledger() -> Iterator[Ledger]:
    """The ledger of the running service, or of servers started just for this command."""
    from workers.servers import servers  # noqa: PLC0415

    with _errors_shown(), servers(Settings()) as settings:
        ledger = Ledger(settings)
        migrate_database(ledger)
        try:
            yield ledger
        finally:
            ledger.engine.dispose()


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Turns a user's mistake into one line on standard error for each fault, and exit code 1."""
    try:
        yield
    except (ValidationError, Invalid) as error:
        for fault in (error if isinstance(error, Invalid) else invalid(error)).faults:
            typer.echo(f"{fault.path}: {fault.message}. {fault.remedy}", err=True)
        raise typer.Exit(1) from error
    except OperationalError as error:
        typer.echo(f"The database does not answer: {error.orig}", err=True)
        raise typer.Exit(1) from error
    except MatcherError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error

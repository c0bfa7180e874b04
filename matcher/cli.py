"""`matcher …`: the commands of those who run the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from matcher.config_check import check_config
from matcher.errors import MatcherError
from matcher.faults import invalid
from matcher.ops.show import show_status
from matcher.ops.status import status as read_status
from matcher.parties import PartyPost, add_endpoint, add_key, add_party, get_party, list_parties, revoke_key
from matcher.store.migrate import migrate as migrate_database
from matcher.store.session import Ledger

app = typer.Typer(
    no_args_is_help=True, help="Match harvest lots with wholesale demand.", add_completion=False
)
party_app = typer.Typer(no_args_is_help=True, help="Parties, their keys and where their notices go.")
config_app = typer.Typer(no_args_is_help=True, help="The files in config/.")
app.add_typer(party_app, name="party")
app.add_typer(config_app, name="config")
console = Console()


@app.command()
def up() -> None:
    """Start everything and stay up until Ctrl-C: servers of its own where no URLs are set, web, workers, scheduler."""
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


@party_app.command("add")
def party_add(
    kind: Annotated[str, typer.Argument(help="producer, buyer or operator")],
    name: str,
    language: str = "vi",
    email: str | None = None,
    webhook: Annotated[str | None, typer.Option(help="where its webhooks go")] = None,
    address: str | None = None,
    tax_code: str | None = None,
    phone: str | None = None,
    representative: str | None = None,
) -> None:
    """Add a party and print its id, its API key and, with --webhook, the secret that signs its webhooks."""
    said = {
        "kind": kind, "name": name, "language": language, "email": email, "address": address,
        "tax_code": tax_code, "phone": phone, "representative": representative,
    }  # fmt: skip
    with _ledger() as ledger, ledger.transaction() as session:
        party = add_party(session, PartyPost.model_validate(said))
        typer.echo(f"party   {party.id}\nkey     {add_key(session, party, 'first')}")
        if webhook:
            typer.echo(f"secret  {add_endpoint(session, party, webhook).secret}")


@party_app.command("key")
def party_key(party: UUID, label: str = "") -> None:
    """Make a further API key for a party and print it, once."""
    with _ledger() as ledger, ledger.transaction() as session:
        typer.echo(add_key(session, get_party(session, party), label))


@party_app.command("list")
def party_list() -> None:
    """List all parties with the ids of their valid keys."""
    table = Table("party", "kind", "name", "keys", box=None, pad_edge=False)
    with _ledger() as ledger, ledger.transaction() as session:
        for party, keys in list_parties(session):
            valid = ", ".join(f"{key.id} {key.label}".strip() for key in keys)
            table.add_row(str(party.id), party.kind, party.name, valid)
    console.print(table)


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
    except ValidationError as error:
        for fault in invalid(error).faults:
            typer.echo(f"{fault.path}: {fault.message}. {fault.remedy}", err=True)
        raise typer.Exit(1) from error
    except MatcherError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error

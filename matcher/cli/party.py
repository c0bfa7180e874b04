"""`matcher party …`."""

from typing import Annotated
from uuid import UUID

import typer

from matcher.cli.opened import opened_ledger
from matcher.notices.endpoints import add_endpoint
from matcher.notices.web_address import refuse_private
from matcher.parties import (
    PartyPost,
    add_key,
    add_party,
    amend_party,
    get_party,
    list_parties,
    revoke_key,
)

commands = typer.Typer(no_args_is_help=True, help="Parties, their keys and where their notices go.")


@commands.command("add")
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
    with opened_ledger() as ledger, ledger.transaction() as session:
        if webhook and not ledger.settings.private_addresses_allowed:
            refuse_private(webhook)
        party = add_party(session, PartyPost.model_validate(said))
        typer.echo(f"party   {party.id}\nkey     {add_key(session, party, 'first')}")
        if webhook:
            typer.echo(f"secret  {add_endpoint(session, party, webhook).secret}")


@commands.command("amend")
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
    with opened_ledger() as ledger, ledger.transaction() as session:
        typer.echo(f"Amended: {amend_party(session, party, changes).name}")


@commands.command("key")
def party_key(party: UUID, label: str = "") -> None:
    """Make a further API key for a party and print it, once."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        typer.echo(add_key(session, get_party(session, party), label))


@commands.command("list")
def party_list() -> None:
    """List all parties, each with its valid keys below it."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        for party, keys in list_parties(session):
            typer.echo(f"{party.id}  {party.kind:<8}  {party.name}")
            for key in keys:
                typer.echo(f"    key {key.id}  {key.label}".rstrip())


@commands.command("revoke")
def party_revoke(key: UUID) -> None:
    """Revoke an API key by its id (see `matcher party list`)."""
    with opened_ledger() as ledger, ledger.transaction() as session:
        revoke_key(session, key)

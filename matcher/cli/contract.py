"""`matcher contract …`."""

from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from matcher.cli.opened import errors_shown, opened_ledger
from matcher.contracts.keys import keys_in, keys_of, rotate
from matcher.contracts.verify import SINCE_UNKNOWN, WORDS, verify

commands = typer.Typer(no_args_is_help=True, help="Contracts: verify a document, change the sealing key.")


@commands.command("verify")
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
    with errors_shown():
        trusted = keys_in(Settings().sealing_folder) if keys is None else keys_of(keys.read_bytes())
    verdict = verify(file.read_bytes(), trusted)
    for language in ("vi", "en"):
        typer.echo(WORDS[verdict.finding][language])
    if not verdict.genuine:
        raise typer.Exit(1)
    for name in ("number", "version", "state", "contract", "terms_hash"):
        typer.echo(f"{name:<12}{verdict.facts[name]}")
    for language in ("vi", "en"):
        typer.echo(SINCE_UNKNOWN[language])


@commands.command("new-key")
def contract_new_key() -> None:
    """Seal with a new key from now on, on this host; what the old one has sealed stays genuine."""
    with opened_ledger() as ledger:
        key = ledger.run(lambda session: rotate(session, ledger.settings.sealing_folder))
        typer.echo(f"New documents are sealed with {key.id}.")

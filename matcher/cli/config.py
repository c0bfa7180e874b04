"""`matcher config …`."""

import typer

from config.settings import Settings
from matcher.config_check import check_config

commands = typer.Typer(no_args_is_help=True, help="The files in config/.")


@commands.command("check")
def check() -> None:
    """Check every file in config/ and name each fault by file and line."""
    faults = check_config(Settings().config_folder)
    for fault in faults:
        typer.echo(str(fault), err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo("config/ is right.")

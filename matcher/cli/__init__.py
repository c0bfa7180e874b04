"""`matcher …`: the commands of those who run the service, a file for each group of them."""

import typer

from matcher.cli import clearing, config, contract, dead, party, quarantine, service

app = typer.Typer(
    no_args_is_help=True, help="Match harvest lots with wholesale demand.", add_completion=False
)
app.add_typer(service.commands)
app.add_typer(dead.commands, name="dead")
app.add_typer(contract.commands, name="contract")
app.add_typer(party.commands, name="party")
app.add_typer(config.commands, name="config")
app.add_typer(clearing.commands, name="clearing")
app.add_typer(quarantine.commands, name="quarantine")

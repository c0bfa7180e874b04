"""What commands do their work in: the ledger, and a place where mistakes become lines."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from matcher.errors import Invalid, MatcherError
from matcher.faults import invalid
from matcher.store.migrate import migrate
from matcher.store.session import Ledger


@contextmanager
def opened_ledger() -> Iterator[Ledger]:
    """The ledger of the running service, or of servers started just for this command."""
    from workers.servers import servers  # noqa: PLC0415

    with errors_shown(), servers(Settings()) as settings:
        ledger = Ledger(settings)
        migrate(ledger)
        try:
            yield ledger
        finally:
            ledger.engine.dispose()


@contextmanager
def errors_shown() -> Iterator[None]:
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

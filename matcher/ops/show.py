"""What an operator reads in a terminal."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from matcher.ops.status import Status
from matcher.trading.record.replay import Comparison


def show_status(status: Status, console: Console) -> None:
    """Prints four small tables: queues, overdue work, what else is to be known, who is alive.

    Problems are in words, not only colour.
    """
    if status.broker != "ok":
        console.print(f"[red]Broker: {status.broker}[/]  The sweep goes on once it is back; no work is lost.")
    waiting = _table("Queue", "rings", "oldest")
    for queue in status.queues:
        waiting.add_row(queue.name, str(queue.depth), _age(queue.oldest_rung_at, status.at))
    overdue = _table("Overdue in the ledger", "count", "oldest")
    for due in status.overdue:
        overdue.add_row(due.kind, str(due.count), _age(due.oldest_since, status.at))
    besides = _table("Besides", "count")
    besides.add_row("deliveries that wait for an endpoint", str(status.waiting_for_endpoints))
    besides.add_row("dead letters", str(status.dead_letters))
    besides.add_row("orders in quarantine", str(status.quarantined))
    besides.add_row("books cleared quickly", str(status.books_cleared_quickly))
    living = _table("Alive", "kind", "queues")
    for process in status.alive:
        living.add_row(process.name, process.kind, ", ".join(process.queues))
    for table in (waiting, overdue, besides, living):
        console.print(table)
    for kind in ("worker", "scheduler"):
        if not any(process.kind == kind for process in status.alive):
            console.print(f"[red]No {kind} is alive.[/]")


def show_comparison(compared: Comparison, rules: Sequence[str], console: Console) -> None:
    """Prints the three outcomes side by side."""
    table = Table("", box=None, pad_edge=False)
    for column in ("on record", "cleared anew", f"with {' '.join(rules)}"):
        table.add_column(column, justify="right", overflow="fold")
    outcomes = (compared.recorded, compared.anew, compared.changed)
    for title, name, form in (
        ("matches", "matches", ","),
        ("tonnes placed", "tonnes", ",.3f"),
        ("value, đ", "value_dong", ","),
        ("sellers get, đ", "farm_gate_dong", ","),
        ("tonne-kilometres", "tonne_km", ",.1f"),
        ("shelf life used on arrival, %", "spoilage_percent", ".1f"),
    ):
        table.add_row(title, *(format(getattr(outcome, name), form) for outcome in outcomes))
    console.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, pad_edge=False)
    for name in others:
        table.add_column(name, justify="right" if name in ("rings", "count", "oldest") else "left")
    return table


def _age(since: datetime | None, at: datetime) -> str:
    if since is None:
        return ""
    return str(timedelta(seconds=max(0, round((at - since).total_seconds()))))

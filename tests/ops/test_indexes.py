"""What runs every two seconds finds its rows by index, however many there are of others."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from matcher.knowledge import Knowledge
from matcher.ops.status import status
from matcher.ops.sweep import sweep
from matcher.store.session import Ledger
from tests.chaos.sound import trade

FEW_ROWS = {"book", "endpoint", "party", "preference", "heartbeat", "contract_series"}
Plan = dict[str, Any]


@pytest.fixture
def asked(ledger: Ledger, knowledge: Knowledge) -> list[tuple[str, Any]]:
    """The statements of a sweep and of a look at the status, with what they were given."""
    trade(ledger, knowledge)
    statements: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            statements.append((statement, given))

    event.listen(ledger.engine, "before_cursor_execute", note)
    sweep(ledger, ledger.settings, knowledge)
    status(ledger, ledger.settings)
    event.remove(ledger.engine, "before_cursor_execute", note)
    return statements


def test_every_query_of_the_sweep_and_of_the_status_has_an_index_that_fits(
    ledger: Ledger, asked: list[tuple[str, Any]]
) -> None:
    with ledger.engine.connect() as connection:
        partial = set(
            connection.scalars(
                text("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL")
            )
        )
        connection.execute(text("SET enable_seqscan = off"))
        slow = {
            statement
            for statement, given in asked
            for node in nodes(plan(connection, statement, given))
            if reads_all(node, partial)
        }
    assert len(asked) > 20
    assert slow == set()


def plan(connection: Connection, statement: str, given: Any) -> Plan:
    found: list[Plan] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given).scalar_one()
    return found[0]["Plan"]  # type: ignore[no-any-return]


def nodes(node: Plan) -> Iterator[Plan]:
    yield node
    for each in node.get("Plans", ()):
        yield from nodes(each)


def reads_all(node: Plan, partial: set[str]) -> bool:
    """Whether the node goes through a whole table, or through a whole index that has all its rows."""
    if node["Node Type"] == "Seq Scan":
        return node["Relation Name"] not in FEW_ROWS
    of_few = node.get("Relation Name") in FEW_ROWS
    return (
        "Index Name" in node and "Index Cond" not in node and node["Index Name"] not in partial and not of_few
    )

"""The tasks: each hears a ring, looks in the ledger, and calls one function of `matcher`.

None of them retries: a task that fails leaves its work due in the ledger, and the sweep rings for it again.
"""

from uuid import UUID

from matcher.notices.deliver import deliver as deliver_notice
from matcher.ops.sweep import sweep as sweep_ledger
from matcher.trading.clear import clear
from matcher.trading.documents import render as render_contract
from workers.app import app
from workers.resources import resources


@app.task(name="clear_book")
def clear_book(crop: str) -> None:
    own = resources()
    with own.ledger.transaction() as session:
        clear(session, crop, own.knowledge, own.settings, own.standing)


@app.task(name="deliver")
def deliver(delivery_id: str) -> None:
    own = resources()
    deliver_notice(own.ledger, UUID(delivery_id), own.settings, own.client)


@app.task(name="render")
def render(contract_id: str) -> None:
    with resources().ledger.transaction() as session:
        render_contract(session, UUID(contract_id))


@app.task(name="sweep")
def sweep() -> None:
    own = resources()
    sweep_ledger(own.ledger, own.settings)

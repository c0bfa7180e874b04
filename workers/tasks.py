"""The tasks: each hears a ring, looks in the ledger, and calls one function of `matcher`.

None of them retries: a task that fails leaves its work due in the ledger, and the sweep rings for it again.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded
from celery.signals import task_failure

from matcher.contracts.documents import render as render_contract
from matcher.notices.deliver import deliver as deliver_notices
from matcher.ops.sweep import sweep as sweep_ledger
from matcher.trading.clear import clear, hand_over
from matcher.trading.time_limit import ran_out_of_time
from workers.app import app
from workers.resources import resources
from workers.stop import stopping


@app.task(name="clear_book")
def clear_book(crop: str) -> None:
    own = resources()
    own.ledger.run(
        lambda session: hand_over(session, crop) or clear(session, crop, own.knowledge, own.settings)
    )


@app.task(name="settle_book")
def settle_book(crop: str) -> None:
    own = resources()
    own.ledger.run(lambda session: clear(session, crop, own.knowledge, own.settings, own.standing))


# Compiled code hears no soft limit; then the hard one kills the child, and this is called in its parent.
@task_failure.connect(sender=clear_book)
@task_failure.connect(sender=settle_book)
def note_a_clearing_that_ran_out_of_time(exception: Exception, args: Sequence[str], **_: object) -> None:
    # In the middle of a statement the limit breaks the connection, and that is the last thing to be raised.
    raised: BaseException | None = exception
    while raised is not None:
        if isinstance(raised, SoftTimeLimitExceeded | TimeLimitExceeded):
            resources().ledger.run(partial(ran_out_of_time, crop=args[0]))
            return
        raised = raised.__context__


@app.task(name="deliver")
def deliver(_due: str) -> None:
    own = resources()
    deliver_notices(own.ledger, own.settings, own.transport, stopping)


@app.task(name="render")
def render(contract_id: str) -> None:
    own = resources()
    own.ledger.run(partial(render_contract, contract_id=UUID(contract_id), settings=own.settings))


@app.task(name="sweep")
def sweep() -> None:
    own = resources()
    sweep_ledger(own.ledger, own.settings, own.knowledge)

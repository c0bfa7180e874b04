"""A worker that clears has the solver's machine code before its first ring, and before its pool forks.

The first time on a machine numba compiles it, twenty seconds long, and keeps it; later it is only loaded.
"""

from typing import Any

import numpy as np
from celery import signals

from matcher.clearing import transport
from matcher.clearing.terms import branch
from matcher.clearing.terms.minimum import Problem

CLEARING = {"clearing", "standing"}  # queues


def connect() -> None:
    """Has every worker that clears load the solver when it starts."""
    signals.celeryd_after_setup.connect(_after_setup, weak=False)


def _after_setup(instance: Any, **_: object) -> None:
    if CLEARING & set(instance.app.amqp.queues.consume_from):
        one, none, first = np.ones(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int32)
        transport.solve(one, one, first, first, one)
        terms = one, one, none > 0, none, none
        problem = Problem(one, one, first, first, one, one, *terms)
        branch.search(problem, 0, none, 4 * branch.OVERHEAD, branch.TRIED)

"""When a transaction that lost to another is run anew."""

import random

from sqlalchemy.exc import DBAPIError

TRIES = 5
DEADLOCK, SERIALIZATION_FAILURE = "40P01", "40001"  # PostgreSQL's appendix A
LONGEST_PAUSE_SECONDS = 0.05


def pause_before_again(error: DBAPIError, tries: int) -> float | None:
    """Seconds to wait before the whole transaction is run anew; None when its error is to be told.

    `tries` counts how often it was run. PostgreSQL has rolled it back to let another go on, so nothing of
    it was kept, and the next try finds what the other has left.
    """
    lost = getattr(error.orig, "sqlstate", None) in (DEADLOCK, SERIALIZATION_FAILURE)
    if not lost or tries >= TRIES:
        return None
    return random.uniform(0, tries * LONGEST_PAUSE_SECONDS)  # noqa: S311  # spreads, hides nothing

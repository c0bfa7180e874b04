"""One look of one transaction at one book."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from matcher.catalogue import Crop
from matcher.clearing import Terms
from matcher.trading.numbers import Numbers


@dataclass(frozen=True)
class Looking:
    """`signing_time` is what signing a contract takes; `last_clearing` cleared `cleared_version`.

    `freezing`: matches are to be made now. `quickly`: a clearing of the book ran out of time not long ago.
    """

    session: Session
    crop: Crop
    numbers: Numbers
    terms: Terms
    signing_time: timedelta
    started_at: datetime
    freezing: bool
    quickly: bool
    cleared_version: int
    last_clearing: UUID | None

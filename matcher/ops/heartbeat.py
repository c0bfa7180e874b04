"""Who of the workers and schedulers lives, as they say in the ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.store.tables import Heartbeat

Kind = Literal["worker", "scheduler"]
BEAT_EVERY = timedelta(seconds=5)
ALIVE_FOR = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(days=1)


class Alive(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    kind: Kind
    queues: list[str]
    beaten_at: datetime


def beat(session: Session, name: str, kind: Kind, queues: Sequence[str]) -> None:
    """Notes that the process lives now; those not heard of for a day are forgotten."""
    said = {"kind": kind, "queues": list(queues), "beaten_at": now()}
    session.execute(
        insert(Heartbeat)
        .values(name=name, **said)
        .on_conflict_do_update(index_elements=[Heartbeat.name], set_=said)
    )
    session.execute(delete(Heartbeat).where(Heartbeat.beaten_at < now() - FORGOTTEN_AFTER))


def stop(session: Session, name: str) -> None:
    """Notes that the process has ended in good order."""
    session.execute(delete(Heartbeat).where(Heartbeat.name == name))


def alive(session: Session) -> list[Alive]:
    """Those heard of in the last 20 s, by kind and name."""
    query = select(Heartbeat).where(Heartbeat.beaten_at > now() - ALIVE_FOR)
    return [
        Alive.model_validate(row)
        for row in session.scalars(query.order_by(Heartbeat.kind.desc(), Heartbeat.name))
    ]

"""How endpoints answered: one that fails rests; one that is gone, or fails for days, is disabled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.notices.events import EndpointTold
from matcher.notices.record import Happening, record
from matcher.parties import operators
from matcher.store.tables import Endpoint

GIVEN_UP_AFTER = timedelta(days=5)  # of failures alone
FIRST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(seconds=15)  # of one that fails, doubled each time


@dataclass(frozen=True)
class Answered:
    """How an endpoint answered last; `again_after` is how long it wants to be left alone."""

    succeeded: bool
    gone: bool
    again_after: timedelta | None


def note_answers(session: Session, answers: Mapping[tuple[UUID, str], Answered]) -> None:
    """Notes how endpoints, by their ids and where they were called, answered: one that failed rests.

    Longer each time; one that is gone, or fails for days, is disabled, and its party and the operators are
    told; what was due to it is in the party's list and can be replayed. What was answered at an address that
    the endpoint has left says nothing of it.
    """
    well = [called for called, answer in answers.items() if answer.succeeded]
    unwell = [called for called, answer in answers.items() if not answer.succeeded]
    at, failing = tuple_(Endpoint.id, Endpoint.url), Endpoint.failing_since.is_not(None)
    concerned = select(Endpoint).where((at.in_(well) & failing) | at.in_(unwell)).order_by(Endpoint.id)
    for endpoint in session.scalars(
        concerned.with_for_update(key_share=True).execution_options(populate_existing=True)
    ):
        answer = answers[endpoint.id, endpoint.url]
        if answer.succeeded:
            start_afresh(endpoint)
            endpoint.rests_until = _gate(endpoint)
        elif endpoint.disabled_at is None:
            _note_failure(session, endpoint, answer)


def start_afresh(endpoint: Endpoint) -> None:
    """As one that never failed; what waits, does so for its pace only."""
    end_rest(endpoint)
    endpoint.failing_since, endpoint.failures = None, 0


def end_rest(endpoint: Endpoint) -> None:
    """What waits for the rest of one that fails may leave, by its pace."""
    if endpoint.failing_since is not None:
        _open_sooner(endpoint)


def change_pace(endpoint: Endpoint, per_minute: int | None) -> None:
    """What waits leaves by the new pace at once; where that is slower, as after a letter that leaves now."""
    before, endpoint.per_minute = _pause(endpoint), per_minute
    if _pause(endpoint) > before:
        endpoint.rests_until = max(filter(None, (endpoint.rests_until, _gate(endpoint))))
    elif endpoint.failing_since is None:  # else it rests for that
        _open_sooner(endpoint)


def _open_sooner(endpoint: Endpoint) -> None:
    """Nothing waits longer than its pace asks for after a letter that leaves now."""
    gate = _gate(endpoint)
    endpoint.rests_until = endpoint.rests_until and gate and min(endpoint.rests_until, gate)


def _note_failure(session: Session, endpoint: Endpoint, answer: Answered) -> None:
    endpoint.failing_since = endpoint.failing_since or now()
    rest = min(FIRST_REST * 2 ** min(endpoint.failures, 10), LONGEST_REST)
    endpoint.rests_until = now() + max(rest, answer.again_after or rest, _pause(endpoint))
    endpoint.failures += 1
    if answer.gone or endpoint.failing_since < now() - GIVEN_UP_AFTER:
        _disable(session, endpoint, "gone" if answer.gone else "failing")


def _pause(endpoint: Endpoint) -> timedelta:
    """Between two letters, by its pace."""
    return timedelta(minutes=1 / endpoint.per_minute) if endpoint.per_minute else timedelta(0)


def _gate(endpoint: Endpoint) -> datetime | None:
    """When the next letter may follow one that leaves now; None: at once."""
    return now() + _pause(endpoint) if endpoint.per_minute else None


def _disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    endpoint.disabled_at, endpoint.disabled_reason = now(), reason
    endpoint.rests_until = _gate(endpoint)
    session.flush()
    told = {endpoint.party_id, *(operator.id for operator in operators(session))}
    data: EndpointTold = {"endpoint_id": str(endpoint.id), "url": endpoint.url, "reason": reason}
    version = int(endpoint.disabled_at.timestamp() * 1000)
    record(session, [Happening("endpoint.disabled", endpoint.id, version, data, told)])

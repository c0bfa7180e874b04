"""Deliveries sent: many at once, a few to each receiver, so that one that hangs delays nobody else."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import Empty
from uuid import UUID

import httpx
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now
from matcher.notices import mail, sms, webhook, zalo
from matcher.notices.connection import kept_waiting_by
from matcher.notices.crew import Crew
from matcher.notices.due import claim, ring_for_due
from matcher.notices.letter import Letter, Outcome, outcome
from matcher.notices.pace import next_opening
from matcher.notices.settle import Made, settle
from matcher.store.session import Ledger

logger = logging.getLogger(__name__)

SHIFT_SECONDS = 60.0  # well below the time limit of a task
MOST_TO_ENDPOINTS = 500
# These webhooks have no endpoint any more.
MOST_BY_CHANNEL = {"email": 8, "webhook": 8, "sms": 8, "zalo": 8}
OVER_HTTP = {"webhook": webhook.send, "sms": sms.send, "zalo": zalo.send}
QUICK = timedelta(seconds=1)
IDLE_SECONDS = 0.1  # what comes while all wait for a gate to open waits no longer than that
LEEWAY_SECONDS = 10.0  # of a lease, beside what three attempts may take


# A letter with the moment after which it is not begun with; and with its attempt, None if it was not made.
_Task = tuple[Letter, float]
_Ended = tuple[Letter, Made | None]


def never() -> bool:
    """Nobody asks to stop."""
    return False


def deliver(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, stopping: Callable[[], bool] = never
) -> None:
    """Makes an attempt at all that is due until nothing is, nor soon will be by the pace of an endpoint.

    For a minute, or until `stopping` says so; then it rings for the rest, and what is on its way is waited
    for. Any number of workers may do so at once.
    Raises what SQLAlchemy raises; whatever goes wrong in sending is recorded as a failed attempt.
    """
    until = time.monotonic() + SHIFT_SECONDS

    def over() -> bool:
        return stopping() or time.monotonic() >= until

    shift = _Shift(ledger, settings, transport)
    with shift.crew:
        while not over():
            claimed, opens_in = shift.claim()
            if not shift.in_flight and opens_in is None:
                break
            shift.settle(_patience(claimed, opens_in, idle=not shift.in_flight))
        while shift.in_flight:
            shift.settle(patience=0.5)
    if over():
        ledger.run(ring_for_due)


def _patience(claimed: int, opens_in: timedelta | None, *, idle: bool) -> float:
    """Seconds until one looks again for what is due: when a gate opens, or something else may have come."""
    most = IDLE_SECONDS if idle else 0.25 if claimed else 0.5
    return most if opens_in is None else min(most, max(0.0, opens_in.total_seconds()))


class _Shift:
    """The letters of one worker that are on their way, and which endpoints answer it quickly."""

    def __init__(self, ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport) -> None:
        self._ledger, self._settings, self._transport = ledger, settings, transport
        # An attempt is cut off after its timeout, but looking up a name and connecting come before.
        timeout = settings.delivery_timeout_seconds
        self._lease = timedelta(seconds=LEEWAY_SECONDS + 3 * timeout)
        self._begin_within = LEEWAY_SECONDS + timeout
        self._quick: set[UUID] = set()
        self.crew: Crew[_Task, _Ended] = Crew(self._attempt)
        self.in_flight: dict[UUID, Letter] = {}

    def claim(self) -> tuple[int, timedelta | None]:
        """Sends what is due, as far as there is room; returns how many, and how long until a gate opens."""
        busy = {letter.endpoint_id for letter in self.in_flight.values() if letter.endpoint_id}
        to_endpoints = sum(letter.endpoint_id is not None for letter in self.in_flight.values())
        others = [letter.channel for letter in self.in_flight.values() if letter.endpoint_id is None]
        room = {channel: most - others.count(channel) for channel, most in MOST_BY_CHANNEL.items()}
        begin_by = time.monotonic() + self._begin_within

        def claim_and_look_ahead(session: Session) -> tuple[Sequence[Letter], timedelta | None]:
            endpoint_room = MOST_TO_ENDPOINTS - to_endpoints
            letters = claim(session, self._lease, endpoint_room, room, self._quick, busy)
            # In the same transaction, so at the same moment: no gate opens in between.
            return letters, next_opening(session)

        letters, opens_in = self._ledger.run(claim_and_look_ahead)
        self.in_flight.update((letter.delivery_id, letter) for letter in letters)
        self.crew.do([(letter, begin_by) for letter in letters])
        return len(letters), opens_in

    def settle(self, patience: float) -> None:
        """Records what has ended: half of what is on its way, or what did within `patience` seconds."""
        ended = self._await(max(1, len(self.in_flight) // 2), patience)
        made = [each for _, each in ended if each is not None]
        if made:
            self._ledger.run(lambda session: settle(session, made))
        for letter, each in ended:
            del self.in_flight[letter.delivery_id]
            if each is not None:
                self._note_pace(each)

    def _await(self, wanted: int, patience: float) -> Sequence[_Ended]:
        until = time.monotonic() + patience
        ended: list[_Ended] = []
        while len(ended) < wanted:
            try:
                ended.append(self.crew.done(until - time.monotonic()))
            except Empty:
                break
        return ended

    def _note_pace(self, made: Made) -> None:
        endpoint_id = made.letter.endpoint_id
        if endpoint_id is not None:
            quick = made.outcome.succeeded and made.finished_at - made.started_at < QUICK
            (self._quick.add if quick else self._quick.discard)(endpoint_id)

    def _attempt(self, task: _Task) -> _Ended:
        letter, begin_by = task
        if time.monotonic() > begin_by:
            # All hands were held up, or this process frozen: the lease might end first, and another send it.
            return letter, None
        started_at = now()
        made = self._send(letter)
        return letter, Made(letter, started_at, now(), made)

    def _send(self, letter: Letter) -> Outcome:
        if letter.unwanted:
            gone = "its party has removed or disabled this endpoint, or removed or stopped this contact"
            return Outcome(False, gone, unwanted=True)
        if letter.channel != "webhook" and letter.token is None:
            return Outcome(False, "the address of this contact has bounced", final=True)
        try:
            if letter.channel == "email":
                with self.crew.kept_waiting():
                    return mail.send(letter, self._settings)
            with kept_waiting_by(self.crew.kept_waiting):
                return OVER_HTTP[letter.channel](letter, self._settings, self._transport)
        except Exception as error:
            # Ours to mend; but the delivery must neither vanish nor be tried every few seconds for ever.
            logger.exception("delivery %s could not be sent", letter.delivery_id)
            return outcome(False, f"could not be sent: {type(error).__name__}: {error}")

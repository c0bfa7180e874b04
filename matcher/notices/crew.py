"""Threads that send: few that work, and as many that wait for a slow receiver as it takes.

Many threads at work in one interpreter only get in each other's way, and a hundred send half of what one
does. But one that waits does no work: so whoever is kept waiting makes room for another until it goes on.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

TaskT = TypeVar("TaskT")
DoneT = TypeVar("DoneT")

AT_WORK = 1
MOST = 150


class Crew(Generic[TaskT, DoneT]):
    """Does tasks by threads of its own within its `with` block; what has not begun at its end is not done."""

    def __init__(self, work: Callable[[TaskT], DoneT]) -> None:
        self._work = work
        self._ended: SimpleQueue[DoneT | BaseException] = SimpleQueue()
        self._changing = threading.Lock()
        self._waiting: deque[TaskT] = deque()
        self._hands: set[threading.Thread] = set()
        self._at_work = 0

    def do(self, tasks: Sequence[TaskT]) -> None:
        """Begins with them as soon as there are hands."""
        with self._changing:
            self._waiting.extend(tasks)
            self._send_for_hands()

    def done(self, seconds: float) -> DoneT:
        """What has ended next. Raises what its task raised, and queue.Empty if nothing ends for so long."""
        ended = self._ended.get(timeout=max(0.0, seconds))
        if isinstance(ended, BaseException):
            raise ended
        return ended

    @contextmanager
    def kept_waiting(self) -> Iterator[None]:
        """A task says with this that it only waits within the block."""
        with self._changing:
            self._at_work -= 1
            self._send_for_hands()
        try:
            yield
        finally:
            with self._changing:
                self._at_work += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changing:
            self._waiting.clear()
            hands = list(self._hands)
        for hand in hands:
            hand.join()

    def _send_for_hands(self) -> None:
        if self._waiting and self._at_work < AT_WORK and len(self._hands) < MOST:
            hand = threading.Thread(target=self._work_on, name="sender", daemon=True)
            self._hands.add(hand)
            self._at_work += 1
            hand.start()

    def _work_on(self) -> None:
        while (task := self._next()) is not None:
            try:
                self._ended.put(self._work(task))
            except BaseException as error:  # who waits for the task has to hear of it
                self._ended.put(error)

    def _next(self) -> TaskT | None:
        """The next task; None if this thread is to go home."""
        with self._changing:
            if self._waiting and self._at_work <= AT_WORK:
                return self._waiting.popleft()
            self._at_work -= 1
            self._hands.discard(threading.current_thread())
            return None

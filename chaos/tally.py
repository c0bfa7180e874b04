"""How the service answered, attempt by attempt."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """How every attempt was answered: `right`, `honest 503`, `wrong`, or `none` when no answer came."""

    attempts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, seconds: float, words: str = "") -> None:
        with self.lock:
            self.attempts[outcome] += 1
            self.longest_seconds = max(self.longest_seconds, seconds)
            if outcome == "wrong":
                self.wrong.append(words)

    @property
    def honest_share(self) -> float:
        """Of the attempts that were answered at all."""
        answered = self.attempts.total() - self.attempts["none"]
        return (answered - self.attempts["wrong"]) / max(1, answered)

    @property
    def answered_share(self) -> float:
        """The same of all attempts: those to a process that was not there count against it."""
        return (self.attempts["right"] + self.attempts["honest 503"]) / max(1, self.attempts.total())

"""What a run found, as a table of fault kinds by invariants."""

from collections import Counter
from dataclasses import dataclass, field

from chaos.tally import Tally
from chaos.violations import INVARIANTS, Violation

HONEST_SHARE = 0.99
CAUGHT_UP_WITHIN_SECONDS = 30.0


@dataclass
class Report:
    """`checks` counts the checks made after a fault of each kind, `broken` the violations they found.

    `backlog` counts what was left of each kind of work after the last fault, `worked_off_seconds` says
    how long after that fault its last piece was done.
    """

    seed: int
    minutes: float
    faults: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    broken: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    backlog: dict[str, int] = field(default_factory=dict)
    worked_off_seconds: dict[str, float] = field(default_factory=dict)
    caught_up_seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)

    @property
    def holds(self) -> bool:
        honest = self.tally.honest_share >= HONEST_SHARE and not self.tally.attempts["wrong"]
        return self.found == 0 and honest and self.caught_up_seconds <= CAUGHT_UP_WITHIN_SECONDS

    def lines(self) -> list[str]:
        """The report in Markdown."""
        attempts, tally = self.tally.attempts, self.tally
        return [
            f"Seed {self.seed}, {self.minutes:g} min: {self.faults.total()} faults, {self.found} violations.",
            "",
            *self._table(),
            "",
            f"- Requests: {attempts.total():,} attempts, {attempts['right']:,} answered rightly,",
            f"  {attempts['honest 503']:,} with an honest 503, {attempts['wrong']:,} wrongly,",
            f"  {attempts['none']:,} not at all (web was away, died with it, or was cut off).",
            f"- Right or an honest 503: {tally.honest_share:.2%} of what was answered,",
            f"  {tally.answered_share:.2%} of all attempts. The longest wait: {tally.longest_seconds:.1f} s.",
            f"- All work was caught up {self.caught_up_seconds:.1f} s after the last fault.",
            *(
                f"  - {count:,} {kind}: {self.worked_off_seconds[kind]:.1f} s"
                for kind, count in self.backlog.items()
            ),
            "- In the ledger: " + ", ".join(f"{count:,} {name}" for name, count in self.rows.items()) + ".",
            *(f"- Could not be done {count} times: {kind}" for kind, count in sorted(self.missed.items())),
            *(f"- VIOLATION {violation}" for violation in self.violations[:50]),
            *(f"- WRONG {words}" for words in tally.wrong[:20]),
        ]

    @property
    def found(self) -> int:
        return self.broken.total() + len(self.violations)

    def _table(self) -> list[str]:
        header = ["fault", "faults", "checks", *INVARIANTS]
        found = Counter((violation.invariant, "at the end") for violation in self.violations)
        rows = [
            [kind, str(count), str(self.checks[kind]), *self._cells(kind)]
            for kind, count in sorted(self.faults.items())
        ]
        rows.append(
            ["at the end, all of it", "", "1", *(str(found[name, "at the end"]) for name in INVARIANTS)]
        )
        return [
            "| " + " | ".join(header) + " |",
            "|---" * len(header) + "|",
            *("| " + " | ".join(row) + " |" for row in rows),
        ]

    def _cells(self, kind: str) -> list[str]:
        # The others can only be judged once nothing more is to come.
        always = {"I1", "I2", "I3", "I5", "I6"}
        return [str(self.broken[kind, name]) if name in always else "·" for name in INVARIANTS]

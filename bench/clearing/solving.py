"""How fast a transportation problem is solved: time by size, as ratios to peers and limits."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from bench.clearing.books import FAMILIES
from bench.clearing.instances import Instance, instance
from bench.clearing.measure import Measured, measure
from bench.clearing.methods import METHODS

SEED = 1
BESIDE = ("OR-Tools", "HiGHS", "POT", "networkx", "one sort", "one pass")
GROWING = ("OR-Tools", "one sort")  # whose growth stands beside ours


class Run(NamedTuple):
    family: str
    nearest: int
    size: int
    arcs: int
    by_method: dict[str, Measured]

    def ratio(self, method: str) -> float | None:
        """Our time as a part of the method's."""
        other = self.by_method.get(method)
        return self.by_method["ours"].seconds / other.seconds if other else None


def runs(sizes: Sequence[int], nearest: Sequence[int]) -> Iterator[Run]:
    """Beyond 100,000 only with the least of `nearest`, as OR-Tools takes so long."""
    for most in nearest:
        for family in FAMILIES:
            for size in sizes:
                if size <= 100_000 or most == min(nearest):
                    yield _run(family, most, size, instance(family, size, most, SEED))


def _run(family: str, nearest: int, size: int, problem: Instance) -> Run:
    measured = {}
    for name, (method, most) in METHODS.items():
        if len(problem.gain) <= most:
            times = 1 if size > 10_000 else 3
            measured[name] = measure(partial(method, problem), times)
    gains = {
        name: measured[name].gain for name in ("ours", "OR-Tools", "HiGHS", "networkx") if name in measured
    }
    if len(set(gains.values())) > 1:
        raise RuntimeError(f"{family}, {size}: the exact methods differ: {gains}")
    return Run(family, nearest, size, len(problem.gain), measured)


def table(done: Sequence[Run]) -> list[str]:
    """Markdown: a row for each run; 1/8 means that we take an eighth of the peer's time."""
    heads = ["family", "k", "size", "arcs", "ours, s", *(f"of {name}" for name in BESIDE)]
    heads += ["growth", *(f"growth of {name}" for name in GROWING), "memory of OR-Tools'", "greedy's value"]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    before: dict[tuple[str, int], Run] = {}
    for run in done:
        ours, peer = run.by_method["ours"], run.by_method["OR-Tools"]
        smaller = before.get((run.family, run.nearest))
        growth = [_growth(smaller, run, name) if smaller else "" for name in ("ours", *GROWING)]
        memory = f"{ours.megabytes / peer.megabytes:.2f}" if run.size >= 100_000 else ""
        cells = [
            run.family, str(run.nearest), f"{run.size:,}", f"{run.arcs:,}", f"{ours.seconds:.3g}",
            *(_part(run, name) for name in BESIDE),
            *growth, memory, f"{run.by_method['greedy'].gain / ours.gain:.1%}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
        before[run.family, run.nearest] = run
    return lines


def _growth(smaller: Run, run: Run, method: str) -> str:
    return f"× {run.by_method[method].seconds / smaller.by_method[method].seconds:.1f}"


def _part(run: Run, method: str) -> str:
    ratio = run.ratio(method)
    if ratio is None:
        return ""
    wrong = method == "POT" and run.by_method[method].gain < 0.999 * run.by_method["ours"].gain
    return (f"1/{1 / ratio:.1f}" if ratio < 1 else f"{ratio:.1f}") + "†" * wrong

"""What whole clearings cost and give; without and with minimum terms on three orders in ten."""

import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from bench.clearing.books import FAMILIES, book, with_terms
from matcher.clearing import Clearing, Demands, Lots, Terms, clear

SHARE = 0.3


class Cleared(NamedTuple):
    size: int
    without: Clearing
    within: Clearing
    seconds: float  # without terms
    ratio: float  # of the time with terms to that without

    @property
    def gap(self) -> float:
        """What the matches with terms lack of the relaxation, as a part of it."""
        return 1 - self.within.welfare / self.within.relaxation

    @property
    def missed(self) -> float:
        """What they lack of the most that any matches with these terms could be shown to reach."""
        return 1 - self.within.welfare / self.within.upper_bound


def runs(sizes: Sequence[int], seeds: int) -> Iterator[Cleared]:
    for size in sizes:
        for family in FAMILIES:
            for seed in range(1, seeds + 1):
                lots, demands, terms = book(family, size, seed)
                without, seconds = _timed(lots, demands, terms)
                within, longer = _timed(*with_terms(lots, demands, SHARE, seed), terms)
                yield Cleared(size, without, within, seconds, longer / seconds)


class Whole(NamedTuple):
    family: str
    size: int
    clearing: Clearing
    seconds: float
    quick: Clearing
    quick_seconds: float


def whole(sizes: Sequence[int]) -> Iterator[Whole]:
    """One book of each size without terms, once, and cut short."""
    for size in sizes:
        lots, demands, terms = book(FAMILIES[0], size, 1)
        begin = time.perf_counter()
        quick = clear(lots, demands, terms, quickly=True)
        quick_seconds = time.perf_counter() - begin
        yield Whole(FAMILIES[0], size, *_timed(lots, demands, terms), quick, quick_seconds)


def whole_table(done: Sequence[Whole]) -> list[str]:
    heads = ["family", "size", "clearing, s", "rounds", "pairs given to the solver"]
    heads += ["cut short, s", "its value, of the best", "of its own bound"]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for one in done:
        best, quick = one.clearing, one.quick
        cells = [one.family, f"{one.size:,} × {one.size:,}", f"{one.seconds:.3g}", str(best.rounds)]
        cells += [f"{best.candidates / best.pairs:.3%}", f"{one.quick_seconds:.3g}"]
        cells += [f"{quick.welfare / best.welfare:.1%}", f"{quick.welfare / quick.upper_bound:.1%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def table(done: Sequence[Cleared]) -> list[str]:
    heads = ["size", "books", "clearing, s", "rounds", "pairs given to the solver"]
    heads += ["gap, median", "worst", "missed at most, median", "worst", "proven best"]
    heads += ["time with terms ÷ without, median", "worst"]
    lines = [f"| {' | '.join(heads)} |", "|--:" * len(heads) + "|"]
    for size in sorted({one.size for one in done}):
        some = [one for one in done if one.size == size]
        gaps, ratios = [one.gap for one in some], [one.ratio for one in some]
        missed = [one.missed for one in some]
        looked = median(one.without.candidates / one.without.pairs for one in some)
        cells = [f"{size:,} × {size:,}", str(len(some)), f"{median(one.seconds for one in some):.2g}"]
        cells += [str(max(one.without.rounds for one in some)), f"{looked:.1%}"]
        cells += [f"{median(gaps):.2%}", f"{max(gaps):.2%}", f"{median(missed):.2%}", f"{max(missed):.2%}"]
        cells += [str(sum(one.within.optimal for one in some))]
        cells += [f"{median(ratios):.1f}", f"{max(ratios):.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _timed(lots: Lots, demands: Demands, terms: Terms) -> tuple[Clearing, float]:
    begin = time.perf_counter()
    clearing = clear(lots, demands, terms)
    return clearing, time.perf_counter() - begin

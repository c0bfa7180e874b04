"""Measure the clearing, print the tables, and write them with a plot to docs/.

python -m bench.clearing                    ten minutes
python -m bench.clearing --most 1000        one minute
python -m bench.clearing --most 100000      a quarter of an hour: whole books of 50,000 and 100,000 a side too
python -m bench.clearing --most 1000000     fifty minutes, most of it OR-Tools
"""

import argparse
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bench.clearing import plot, solving, terms
from bench.clearing.instances import instance
from bench.clearing.methods import METHODS
from bench.clearing.rows import with_kept

DOCS = Path(__file__).parents[2] / "docs"
PAGE = """\
# How fast the clearing is

Measured by `python -m bench.clearing` on {machine}; {versions}. The books are generated
(bench/clearing/books.py), always from the same seeds; all methods run in one process on the same arrays. Ours
counts everything from the arrays to the checked answer, a peer only its own solving; compiling is left out.
Up to size 10,000 the best of three calls counts, beyond it there is one. Rows of a size that the last run did
not measure are kept from an earlier one. The machine is shared with other work.

## Solving

A size of 1,000 is 1,000 lots and 1,000 demands, each with its k nearest compatible partners. 1/8 means an
eighth of that method's time. Growth is against the next smaller size, of ours and beside it of OR-Tools and
of the sort: where the arrays outgrow the processor's own memory, all grow faster. Memory is what a method
adds at its height. OR-Tools, HiGHS and networkx reach the same optimum to the đồng, or the bench stops;
greedy is what a loop over the best pairs first would reach. One sort and one pass of the
arcs are limits, not methods. † POT called the problem infeasible and gave no plan.

{solving}

![Seconds by size on logarithmic axes](clearing-performance.svg)

## Whole clearings, and minimum terms

Exact over all pairs of the book: the search goes on until the prices prove that no pair outside could gain.
With terms, {share} of the lots and of the demands carry a smallest part, whole packages, a smallest fill or a
most number of sellers. The gap is what the matches lack of the relaxation, the same book without its terms;
some of it no matches that keep the terms could ever close. What was missed at most is what they lack of the
upper bound; where that is nothing, they are proven best.

{terms}

Larger books, one of each size, cleared once; and cut short, which gives matches of the nearest partners only
and a bound that holds all the same.

{whole}
"""
PACKAGES = ("numpy", "numba", "scipy", "ortools", "POT", "networkx")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.clearing", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--most", type=int, help="the largest book, in lots (default: 100,000 to solve, 30,000 to clear)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="books of each family for the minimum terms")
    chosen = parser.parse_args()
    solve, whole = chosen.most or 100_000, chosen.most or 30_000
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= solve]
    for method, _ in METHODS.values():  # compiles what is to be compiled, which is not measured
        method(instance("scarce supply", 200, 16, 1))
    solved = []
    for run in solving.runs(sizes, (16, 64)):
        solved.append(run)
        print(solving.table([run])[-1], flush=True)
    list(terms.runs([1_200], 1))
    cleared = list(terms.runs([size for size in (100, 1_000, 3_000, 10_000) if size <= whole], chosen.seeds))
    larger = list(terms.whole([size for size in (30_000, 50_000, 100_000) if size <= whole]))
    path = DOCS / "clearing-performance.md"
    page = _page(solved, cleared, larger, path.read_text("utf-8"))
    path.write_text(page, "utf-8")
    (DOCS / "clearing-performance.svg").write_text(_drawing(solved), "utf-8")
    print(page)


def _page(
    solved: Sequence[solving.Run],
    cleared: Sequence[terms.Cleared],
    larger: Sequence[terms.Whole],
    before: str,
) -> str:
    """The page; `before` is the one of an earlier run, whose rows of other sizes are kept."""
    return PAGE.format(
        machine=f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        versions=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        solving="\n".join(with_kept(solving.table(solved), before, 3)),
        share=f"{terms.SHARE:.0%}",
        terms="\n".join(terms.table(cleared)),
        whole="\n".join(with_kept(terms.whole_table(larger), before, 2)),
    )


def _drawing(solved: Sequence[solving.Run]) -> str:
    family, nearest = solved[0].family, solved[0].nearest
    some = [run for run in solved if (run.family, run.nearest) == (family, nearest)]
    lines = {
        name: [(float(run.size), run.by_method[name].seconds) for run in some if name in run.by_method]
        for name in METHODS
    }
    title = f"Seconds to solve, {family}, {nearest} nearest partners each"
    return plot.log_log(title, "lots, and as many demands", "seconds", lines)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()

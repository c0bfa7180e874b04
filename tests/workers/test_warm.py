"""What a worker has ready before its first ring."""

import subprocess
import sys
from pathlib import Path

AFTER_THE_START = """
import gc
from numba.core.dispatcher import Dispatcher
from bench.clearing.books import book, with_terms
from matcher.clearing import clear
from matcher.clearing.standing.standing import Standing
from matcher.trading.record.subset import subset
from workers.warm import change, warm

def machine_code():
    every = [each for each in gc.get_objects() if isinstance(each, Dispatcher)]
    return {(each.py_func.__module__, each.py_func.__name__): each.signatures[:] for each in every}

warm()
before = machine_code()
for size, share in (1, 0), (5, 0.5), (60, 0), (60, 0.5), (1_010, 0):
    lots, demands, terms = book("scarce supply", size, 3)
    lots, demands = with_terms(lots, demands, share, 3)
    clear(lots, demands, terms)
    clear(lots, demands, terms, quickly=True)
    if size == 60:
        standing = Standing(subset(lots, range(1, 60)), subset(demands, range(1, 60)), terms)
        standing.settle(change(subset(lots, [0]), subset(demands, [0]), lots.key[:0]))
        standing.settle(change(subset(lots, []), subset(demands, []), lots.key[1:4]))
assert len(before) > 40
print(sorted(name for name, code in machine_code().items() if before.get(name) != code))
"""


def test_no_book_waits_for_the_compiler_once_a_worker_has_started() -> None:
    home = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", AFTER_THE_START], cwd=home, capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""
    assert answer.stdout == "[]\n", "compiled for the first book that needs it, which everybody waits for"

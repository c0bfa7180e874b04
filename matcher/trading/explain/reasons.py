"""What can keep two orders apart, each with the code that explanations use: the rules, and a minimum."""

import numpy as np

from matcher.clearing.pairs import Pairs
from matcher.clearing.rules import RULES, Booleans, Rule
from matcher.clearing.terms import minimum as terms


def minimum(pairs: Pairs) -> Booleans:
    """Each of the two has as much left as the smallest part that both would trade in."""
    return np.isin(_numbers(pairs), _numbers(terms.possible(pairs)))


REASONS: dict[str, Rule] = {**RULES, "minimum": minimum}


def _numbers(pairs: Pairs) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return pairs.lot.astype(np.int64) * len(pairs.book.demands) + pairs.demand

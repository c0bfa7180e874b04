"""Sums beyond 64 bits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.clearing.exact import total

prices = st.integers(-(1 << 59), 1 << 59)
grams = st.one_of(st.integers(-(10**7), 10**7), st.integers(-(1 << 50), 1 << 50))


@given(st.lists(st.tuples(prices, grams), max_size=12))
def test_prices_times_quantities_are_summed_exactly_however_large_they_are(
    given: list[tuple[int, int]],
) -> None:
    columns = np.array(given, np.int64).reshape(-1, 2)
    assert total(columns[:, 0], columns[:, 1]) == sum(price * quantity for price, quantity in given)

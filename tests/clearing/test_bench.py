"""The page of figures loses no row that a shorter run did not measure."""

from bench.clearing.rows import with_kept

HEADS = ["| family | k | size | arcs |", "|---|--:|--:|--:|"]


def test_a_row_of_a_size_that_was_not_measured_is_kept_after_its_like() -> None:
    before = "\n".join([*HEADS, "| one | 16 | 10 | 1 |", "| one | 16 | 1,000 | 2 |", "| two | 16 | 10 | 3 |"])
    measured = [*HEADS, "| one | 16 | 10 | 4 |", "| two | 16 | 10 | 5 |"]
    kept = [*HEADS, "| one | 16 | 10 | 4 |", "| one | 16 | 1,000 | 2 |", "| two | 16 | 10 | 5 |"]
    assert with_kept(measured, f"Page\n\n{before}\n\nMore\n", 3) == kept
    assert with_kept(measured, "A page without the table\n", 3) == measured

"""Rows of a table of the page: those just measured, and those that an earlier run left there."""

from collections.abc import Sequence


def with_kept(measured: Sequence[str], page: str, named: int) -> list[str]:
    """The rows of a table, and those of the same table in `page` for what was not measured.

    The first `named` cells say what a row measures, the last of them the size; a kept row comes after those
    that are otherwise named alike.
    """
    rows, heads = list(measured), measured[0]
    if heads not in page:
        return rows
    known = {_name(row, named) for row in measured}
    for row in page.partition(heads)[2].split("\n\n")[0].splitlines()[2:]:
        name = _name(row, named)
        if name not in known:
            alike = [place for place, other in enumerate(rows) if _name(other, named)[:-1] == name[:-1]]
            rows.insert(alike[-1] + 1 if alike else len(rows), row)
    return rows


def _name(row: str, named: int) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.split("|")[1 : named + 1])

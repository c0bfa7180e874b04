"""Prints what became of a replayed season: compact tables, Vietnamese with English."""

from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table

from demo.cases import CASES, Outcome
from demo.outcome import Summary, Traded, summary

__all__ = ["Summary", "print_summary", "summary"]

_OUTCOMES: dict[Outcome, str] = {
    "nothing": "không khớp · unmatched",
    "traded": "có khớp · matched",
    "several": "≥ 2 bên · ≥ 2 partners",
    "multiples": "nguyên kiện · whole packages",
}


def print_summary(summary: Summary, console: Console | None = None) -> None:
    console = console or Console()
    for table in (_crops(summary), _districts(summary), _cases(summary), _counts(summary)):
        console.print(table)
        console.print()
    if summary.sample_contract:
        console.print(
            f"Hợp đồng mẫu · A contract  [bold]{summary.sample_number}[/]  {summary.sample_contract}"
        )


def _table(title: str, *headers: str, words: int = 1) -> Table:
    """A table whose first `words` columns are words; the others are figures."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index < words else "right", no_wrap=index >= words)
    return table


def _crops(summary: Summary) -> Table:
    table = _table(
        "Theo cây trồng · By crop",
        "", "chào bán\noffered, t", "cần mua\nwanted, t", "đã khớp\nmatched, t", "triệu đồng\nmillion đ",
        "đ/kg",
    )  # fmt: skip
    for (vietnamese, english), traded in summary.by_crop.items():
        name = f"{vietnamese} [dim]· {english}[/]"
        table.add_row(name, _tonnes(traded.offered), _tonnes(traded.wanted), *_matched(traded))
    table.add_section()
    total = summary.total
    table.add_row(
        "Tổng [dim]· total[/]", _tonnes(total.offered), _tonnes(total.wanted), *_matched(total), style="bold"
    )
    return table


def _districts(summary: Summary) -> Table:
    table = _table(
        "Theo huyện của bên bán · By the seller's district",
        "", "chào bán\noffered, t", "đã khớp\nmatched, t", "triệu đồng\nmillion đ", "đ/kg",
    )  # fmt: skip
    for district, traded in summary.by_district.items():
        table.add_row(district, _tonnes(traded.offered), *_matched(traded))
    return table


def _cases(summary: Summary) -> Table:
    headers = ("", "mong đợi · intended", "số đơn\norders", "đúng\nso it came")
    table = _table("Trường hợp khó · Awkward cases", *headers, words=2)
    for result in summary.cases:
        case = CASES[result.case]
        came = _marked(str(result.as_intended), result.as_intended == result.orders)
        name = f"{case.vietnamese} [dim]· {case.english}[/]"
        table.add_row(name, _OUTCOMES[case.outcome], str(result.orders), came)
    return table


def _counts(summary: Summary) -> Table:
    table = _table("Đối chiếu · Counted and checked", "", "phải là\nmust be", "đếm được\ncounted")
    table.add_row("Khớp [dim]· matches[/]", "", f"{summary.total.matches:,}")
    for check in summary.checks:
        name = f"{check.vietnamese} [dim]· {check.english}[/]"
        table.add_row(name, _figure(check.expected), _marked(_figure(check.found), check.holds))
    for state, count in sorted(summary.deliveries.items()):
        table.add_row(f"Lượt gửi [dim]· deliveries, {state}[/]", "", f"{count:,}")
    return table


def _matched(traded: Traded) -> tuple[str, str, str]:
    """Tonnes matched, their worth in million đồng, and the average price."""
    average = f"{traded.value / traded.matched:,.0f}" if traded.matched else "—"
    return _tonnes(traded.matched), f"{Decimal(traded.value) / 1_000_000:,.0f}", average


def _figure(count: Decimal | int) -> str:
    """With commas, and without the zeros that a sum of decimals may end in."""
    return f"{Decimal(count).normalize():,f}"


def _tonnes(kilograms: Decimal) -> str:
    return f"{kilograms / 1000:,.1f}"


def _marked(figure: str, holds: bool) -> str:
    return f"[green]{figure} ✓[/]" if holds else f"[bold red]{figure} ✗[/]"

"""Lines on logarithmic axes, as SVG."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Point = tuple[float, float]
Points = Sequence[Point]

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 55
COLOURS = ("#0b6e4f", "#c1121f", "#3a5a98", "#b8860b", "#7b2d8b", "#888888", "#555555", "#bbbbbb")


def log_log(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """Each line by name; axes run over whole powers of ten."""
    points = [point for line in lines.values() for point in line]
    axes = [_powers([point[axis] for point in points]) for axis in (0, 1)]

    def place(point: Point) -> Point:
        parts = [
            (math.log10(value) - low) / (high - low) for value, (low, high) in zip(point, axes, strict=True)
        ]
        x = LEFT + parts[0] * (WIDTH - LEFT - RIGHT)
        return x, HEIGHT - BOTTOM - parts[1] * (HEIGHT - TOP - BOTTOM)

    drawn = [_text(LEFT, 24, title, size=15), *_grid(axes, place)]
    drawn += [_text(LEFT, HEIGHT - 14, across), _text(8, TOP - 2, up, size=11)]
    placed = {name: [place(point) for point in line] for name, line in lines.items()}
    labels = _apart({name: line[-1] for name, line in placed.items()})
    for colour, (name, line) in zip(COLOURS, placed.items(), strict=False):
        drawn += [*_line(line, colour), _text(*labels[name], name, colour=colour)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, paper, *drawn, "</svg>", ""])


def _powers(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)


def _grid(axes: Sequence[tuple[int, int]], place: Callable[[Point], Point]) -> list[str]:
    (left, right), (low, high) = axes
    drawn = []
    for power in range(left, right + 1):
        x, y = place((10.0**power, 10.0**low))
        drawn += [_segment((x, TOP), (x, y)), _text(x - 14, y + 18, f"{10**power:,}")]
    for power in range(low, high + 1):
        x, y = place((10.0**left, 10.0**power))
        drawn += [_segment((x, y), (WIDTH - RIGHT, y)), _text(x - 58, y + 4, f"{10.0**power:g} s")]
    return drawn


def _line(line: Points, colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in line]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def _apart(ends: Mapping[str, Point]) -> dict[str, Point]:
    """Where each line's name goes: beside its end, no two on top of each other."""
    labels: dict[str, Point] = {}
    lowest: dict[float, float] = {}
    for name, (x, y) in sorted(ends.items(), key=lambda end: end[1][1]):
        lowest[x] = max(y + 4, lowest.get(x, 0) + 14)
        labels[name] = (x + 8, lowest[x])
    return labels


def _segment(one: Point, other: Point) -> str:
    ends = f'x1="{one[0]:.1f}" y1="{one[1]:.1f}" x2="{other[0]:.1f}" y2="{other[1]:.1f}"'
    return f'<line {ends} stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, size: int = 12, colour: str = "#222222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}">{escape(text)}</text>'

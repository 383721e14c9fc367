"""Lines on two logarithmic axes, as SVG text. Imports nothing but the standard library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 820, 460
LEFT, TOP, RIGHT, BOTTOM = 70, 36, 190, 50
#: Colours that people with red-green blindness can tell apart, also on paper.
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f3c8d",
    "#8c8c2a",
)  # fmt: skip


def lines(series: Mapping[str, Mapping[int, float]], across: str, up: str) -> str:
    """Draw one line a series, its points marked, with a legend to the right.

    Args:
        series: For each name, values above 0 by position above 0.
        across: What the positions are.
        up: What the values are.

    Returns:
        An SVG document on a white ground.
    """
    positions = [x for by in series.values() for x in by]
    values = [y for by in series.values() for y in by.values()]
    decades, heights = _powers(positions), _powers(values)

    def place(x: float, y: float) -> tuple[float, float]:
        right = (_log(x) - decades[0]) / (len(decades) - 1)
        above = (_log(y) - heights[0]) / (len(heights) - 1)
        return (
            LEFT + right * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - above * (HEIGHT - TOP - BOTTOM),
        )

    bottom, top = 10.0 ** heights[0], 10.0 ** heights[-1]
    first, last = 10.0 ** decades[0], 10.0 ** decades[-1]
    parts = []
    for power in decades:
        x, y = place(10.0**power, bottom)
        parts.append(_line(x, y, *place(10.0**power, top)))
        parts.append(_text(x, y + 18, f"{10**power:,}", "middle"))
    for power in heights:
        x, y = place(first, 10.0**power)
        parts.append(_line(x, y, *place(last, 10.0**power)))
        parts.append(_text(x - 8, y + 4, f"{10.0**power:g}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 10, across, "middle"))
    parts.append(_text(LEFT, TOP - 16, up, "middle"))
    for number, (name, by) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [place(x, y) for x, y in sorted(by.items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = TOP + 20 + 22 * number
        x = WIDTH - RIGHT + 24
        parts.append(f'<rect x="{x}" y="{y - 6}" width="18" height="4" fill="{colour}"/>')
        parts.append(_text(x + 26, y, escape(name), "start"))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _log(value: float) -> float:
    return math.log10(value)


def _powers(values: Sequence[float]) -> range:
    """Return the powers of ten around all values, at least two."""
    first, last = math.floor(_log(min(values))), math.ceil(_log(max(values)))
    return range(first, max(last, first + 1) + 1)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333333">{text}</text>'

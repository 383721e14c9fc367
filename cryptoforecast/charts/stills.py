"""A figure of lines and bands as a picture that a browser shows at once.

Plotly is a script of some megabytes. It draws a second or more after the text of a page is there,
and much later on a telephone. A still is the same figure as a few kB of HTML: lines and bands are
an SVG image that is stretched to the width of the page. Text lies over it and keeps its size.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import style, ticks
from cryptoforecast.types import Array

#: Pixels around the plot, for the labels of both axes and of the last step. Long labels get more.
LEFT, RIGHT, BOTTOM = 40, 76, 56
#: Widths of a character, in pixels: of a label of an axis, and of the smaller ones on the right.
_WIDTH, _SMALL_WIDTH = 7.7, 7.1
#: Width and height of the image in its own units; the page stretches it.
SIZE = 1000
#: Free share of the height above and below the lines, as in Plotly.
FREE_SHARE = 0.055
_BELOW_PLOT = "margin-top:6px;transform:translateX(-50%)"
_LEFT_OF_PLOT = "margin-left:-5px;transform:translate(-100%,-50%)"
_DASHES = {"dot": "3 3", "dash": "9 6"}


@dataclass(frozen=True)
class _Box:
    """The visible part of the data: milliseconds and prices."""

    left: float
    right: float
    low: float
    high: float

    def x(self, value: Array | float) -> Array:
        """Return the distance from the left edge, 0 to 1."""
        return (np.asarray(value, dtype=float) - self.left) / (self.right - self.left)

    def y(self, value: Array | float) -> Array:
        """Return the distance from the top, 0 to 1."""
        return (self.high - np.asarray(value, dtype=float)) / (self.high - self.low)


def still(figure: go.Figure, alt: str) -> str:
    """Draw a figure without Plotly.

    Args:
        figure: Lines against time on one pair of axes, made by ``style.lay_out``. A line may be
            filled to the one before it, and text may be beside the last point.
        alt: A sentence that says what the figure shows, for a screen reader.

    Returns:
        HTML as high as the figure and as wide as the page. All its text is escaped. It is empty
        if no line has two known points.
    """
    box = _box(figure)
    if box is None:
        return ""
    layout = figure.layout
    times, prices = ticks.times(box.left, box.right), ticks.prices(box.low, box.high)
    image = base64.b64encode(_image(figure, box, times, prices).encode()).decode()
    ink, faint = layout.font.color, layout.title.subtitle.font.color
    height = layout.height - layout.margin.t - BOTTOM
    below = zip(box.x(times), ticks.time_labels(times), strict=True)
    labels = ticks.price_labels(prices, layout.yaxis.tickformat)
    beside = zip(box.y(prices), labels, strict=True)
    left = _room(LEFT, labels, _WIDTH)
    right = _room(RIGHT, [note.text for note in layout.annotations], _SMALL_WIDTH)
    over = [
        *(_label(x, 1, text, _BELOW_PLOT) for x, text in below),
        *(_label(0, y, text, _LEFT_OF_PLOT) for y, text in beside),
        *(_annotation(note, box) for note in layout.annotations),
    ]
    subtitle = layout.title.subtitle.text or ""
    return (
        f'<div style="position:relative;height:{layout.height}px;color:{ink};font-size:12px;'
        f"font-family:'Open Sans',verdana,arial,sans-serif;"
        f'line-height:1.25;overflow:hidden">'
        f'<div style="position:absolute;left:8px;top:8px;font-size:15px">'
        f"{_lines(layout.title.text)}"
        f'<div style="font-size:12px;margin-top:4px;color:{faint}">{_lines(subtitle)}</div></div>'
        f'<div style="position:absolute;left:{left}px;right:{right}px;bottom:{height + BOTTOM}px">'
        f"{''.join(_legend(figure))}</div>"
        f'<div style="position:absolute;left:{left}px;right:{right}px;top:{layout.margin.t}px;'
        f'height:{height}px"><img alt="{html.escape(alt)}" style="width:100%;height:100%;'
        f'display:block;max-width:none" src="data:image/svg+xml;base64,{image}">'
        f"{''.join(over)}</div></div>"
    )


def _room(least: int, texts: list[str], width: float) -> int:
    """Return the pixels that the longest of several labels needs."""
    return max([least, *(round(5 + width * len(text)) for text in texts)])


def _box(figure: go.Figure) -> _Box | None:
    known = [np.isfinite(line.y) for line in figure.data]
    lines = list(zip(figure.data, known, strict=True))
    x = np.concatenate([style.milliseconds(line.x)[seen] for line, seen in lines])
    y = np.concatenate([line.y[seen] for line, seen in lines])
    if len(np.unique(x)) < 2:
        return None
    low, high = float(y.min()), float(y.max())
    free = FREE_SHARE * (high - low) or abs(high) * FREE_SHARE or 1.0
    return _Box(float(x.min()), float(x.max()), low - free, high + free)


def _image(figure: go.Figure, box: _Box, times: Array, prices: Array) -> str:
    """Draw grid, bands and lines as SVG that may be stretched."""
    parts = [
        *(f'<path d="M{x:.0f} 0V{SIZE}" stroke="{style.GRID}"/>' for x in box.x(times) * SIZE),
        *(f'<path d="M0 {y:.0f}H{SIZE}" stroke="{style.GRID}"/>' for y in box.y(prices) * SIZE),
    ]
    before = ""
    for line in figure.data:
        points = _points(line, box)
        if line.fill == "tonexty":
            # Both lines run from left to right, so the outline returns along the other one.
            back = " ".join(reversed(before.split()))
            parts.append(f'<polygon points="{points} {back}" fill="{line.fillcolor}"/>')
        elif line.line.width:
            dash = _DASHES.get(line.line.dash or "", "none")
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{line.line.color}" '
                f'stroke-width="{line.line.width}" stroke-dasharray="{dash}"/>'
            )
        if "markers" in (line.mode or ""):
            # A line of no length with round ends stays a dot when the image is stretched.
            dots = "".join(f"M{point}h0" for point in points.split())
            parts.append(
                f'<path d="{dots}" stroke="{line.line.color}" stroke-linecap="round" '
                f'stroke-width="{line.marker.size}"/>'
            )
        before = points
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" '
        f'preserveAspectRatio="none"><style>*{{vector-effect:non-scaling-stroke}}</style>'
        f"{''.join(parts)}</svg>"
    )


def _points(line: go.Scatter, box: _Box) -> str:
    x, y = box.x(style.milliseconds(line.x)) * SIZE, box.y(line.y) * SIZE
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if math.isfinite(b))


def _legend(figure: go.Figure) -> Iterator[str]:
    """Return the name of each line beside a piece of it."""
    for line in figure.data:
        if line.showlegend is False:
            continue
        look = (
            f"height:8px;background:{line.fillcolor}"
            if line.fill
            else f"border-top:2px {'dotted' if line.line.dash else 'solid'} {line.line.color}"
        )
        yield (
            f'<span style="white-space:nowrap;margin-right:12px"><span style="display:inline-block;'
            f'width:24px;vertical-align:middle;margin-right:5px;{look}"></span>'
            f"{html.escape(line.name)}</span> "
        )


def _annotation(note: go.layout.Annotation, box: _Box) -> str:
    shift = f"{note.xshift or 0}px,calc(-50% - {note.yshift or 0}px)"
    return _label(
        box.x(style.milliseconds(note.x)),
        box.y(note.y),
        note.text,
        f"font-size:11px;transform:translate({shift})",
    )


def _label(x: Array | float, y: Array | float, text: str, css: str) -> str:
    """Return text at a place of the plot, both coordinates 0 to 1."""
    return (
        f'<span style="position:absolute;left:{float(x):.2%};top:{float(y):.2%};'
        f'white-space:nowrap;text-align:center;{css}">{_lines(text)}</span>'
    )


def _lines(text: str) -> str:
    """Escape the text of a figure, but keep its line breaks and bold lines."""
    escaped = html.escape(text)
    for tag in ("br", "b", "/b"):
        escaped = escaped.replace(f"&lt;{tag}&gt;", f"<{tag}>")
    return escaped.replace("&amp;", "&")  # of references, which `style.plain` made

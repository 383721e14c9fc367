"""The pictures on the cards of the lessons: SVG, in the shapes and colours of the charts."""

from __future__ import annotations

from cryptoforecast.charts.style import theme

#: Width and height of a picture, in its own units.
WIDTH, HEIGHT = 260, 110
_CANDLES = (
    (14, 46, 74, 52, 68, True), (28, 42, 72, 48, 62, False), (42, 48, 76, 54, 70, False),
    (56, 36, 66, 42, 60, True), (70, 32, 60, 38, 54, False), (84, 40, 70, 46, 62, False),
    (98, 34, 62, 40, 56, True), (112, 30, 56, 36, 52, False),
)  # fmt: skip


def of(number: int, *, dark: bool) -> str:
    """Return the picture of a lesson as SVG.

    Args:
        number: 1 to 4.
        dark: Whether the page behind is dark.
    """
    draw = {1: _candles, 2: _recipe, 3: _leaks, 4: _delay}[number]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}">{draw(dark)}</svg>'
    )


def _candles(dark: bool) -> str:
    colours = theme(dark)
    parts = [
        f'<rect x="50" y="22" width="74" height="62" rx="4" fill="{colours.forecast}" '
        f'fill-opacity="0.14" stroke="{colours.forecast}" stroke-width="1.5"/>'
    ]
    for x, high, low, top, bottom, rises in _CANDLES:
        parts.append(
            f'<path d="M{x} {high}V{low}" stroke="{colours.ink}" stroke-width="1.5"/>'
            f'<rect x="{x - 3}" y="{top}" width="6" height="{bottom - top}" '
            f'fill="{colours.surface if rises else colours.ink}" stroke="{colours.ink}" '
            'stroke-width="1.5"/>'
        )
    for spread, opacity in ((30, 0.18), (17, 0.3)):
        parts.append(
            f'<path d="M124 52L246 {52 - spread}V{52 + spread}Z" fill="{colours.forecast}" '
            f'fill-opacity="{opacity}"/>'
        )
    parts.append(_line("124,52 246,52", colours.forecast))
    return "".join(parts)


def _recipe(dark: bool) -> str:
    colours = theme(dark)
    return (
        f'<path d="M8 58H252" stroke="{colours.rule}" stroke-dasharray="3 3"/>'
        + _line("8,86 40,78 66,82 98,58 128,34 152,20 180,34 208,18 250,26", colours.ink)
        + _line("8,90 40,82 66,86 98,68 128,56 152,50 180,56 208,50 250,53", colours.worse)
    )


def _leaks(dark: bool) -> str:
    colours = theme(dark)
    bars = ((30, 40, "rule"), (70, 76, "worse"), (150, 40, "rule"), (190, 41, "forecast"))
    parts = [
        f'<rect x="{x}" y="{90 - height}" width="34" height="{height}" rx="1.5" '
        f'fill="{getattr(colours, colour)}"/>'
        for x, height, colour in bars
    ]
    return "".join(parts) + f'<path d="M14 90H246" stroke="{colours.rule}"/>'


def _delay(dark: bool) -> str:
    colours = theme(dark)
    line = "8,70 38,46 64,62 96,28 124,50 154,36 186,66 216,42 250,56"
    return (
        _line(line, colours.ink)
        + f'<g transform="translate(18 0)">{_line(line, colours.forecast, "5 3")}</g>'
        + f'<path d="M150 92H112M118 87L112 92L118 97" stroke="{colours.faint}" fill="none" '
        'stroke-width="1.5"/>'
    )


def _line(points: str, colour: str, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'

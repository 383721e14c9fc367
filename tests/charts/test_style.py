"""Colours stand out from the page, and prices have the decimals that fit their size."""

import html
import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from cryptoforecast.charts import style, wording
from tests.charts.examples import prices


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK])
def test_lines_stand_out_from_the_page(theme):
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    page = luminance(theme.surface)
    for colour, least in (
        (theme.ink, 7),
        (theme.faint, 4.5),
        (theme.forecast, 3),
        (theme.worse, 3),
    ):
        light, dark = sorted((page, luminance(colour)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize(
    ("share", "sign", "text"),
    [
        (0.00123, "+", "+0.12 %"), (0.0456, "+", "+4.6 %"), (-1.5, "+", "−150 %"),
        (math.nan, "+", "–"), (-1e-9, "+", "0 %"), (0.00005, "", "0.01 %"), (0.01, "", "1.0 %"),
        (0.99996, "", "100.0 %"), (1.0, "", "100 %"), (-0.0456, "", "−4.6 %"),
    ],
)  # fmt: skip
def test_a_percentage_has_the_decimals_that_tell_it_from_0(share, sign, text):
    assert wording.percent(share, sign) == text


@pytest.mark.parametrize(
    ("price", "label"),
    [(10_000, "~s"), (9_999, ",~f"), (1, ",~f"), (0.99, "~g"), (1e-5, "~g"), (2e-8, ".14~f"),
     (0, "~g")],
)  # fmt: skip
def test_labels_of_ticks_are_short(price, label):
    assert style.tick_format(price) == label
    assert style.price_axis(np.array([price / 2, -price, math.nan]), "EUR")["tickformat"] == label


def test_an_axis_of_prices_names_their_currency():
    for quote, what, title in (("CHF", "", "CHF"), ("CHF", "residual", "residual, CHF")):
        assert style.price_axis(np.array([1.0]), quote, what)["title"]["text"] == title
    for quote, ticks, prefix in (("USD", "$,~f", ""), ("KRW", ",~f", "₩"), ("CHF", ",~f", "")):
        axis = style.price_axis(np.array([1.0]), quote, "residual")
        assert (axis["tickformat"], axis["tickprefix"]) == (ticks, prefix)
        assert axis["title"]["text"] == ("residual, CHF" if quote == "CHF" else "residual")


@pytest.mark.parametrize(
    ("price", "quote", "sign", "text"),
    [
        (64_123.0, "USD", "", "$%{y:,.2f}"), (0.1, "USD", "", "$%{y:,.4f}"),
        (12.0, "USD", "+", "%{y:+$,.2f}"), (27_000.0, "EUR", "", "€%{y:,.2f}"),
        (12.0, "EUR", "+", "%{y:+,.2f} EUR"), (91_234_000.0, "KRW", "", "₩%{y:,.0f}"),
        (0.05123, "BTC", "", "%{y:,.6f} BTC"), (0.05123, "BTC", "+", "%{y:+,.6f} BTC"),
        (1.23e-6, "BTC", "", "%{y:,.9f} BTC"), (27_000.0, "CNY", "", "%{y:,.2f} CNY"),
    ],
)  # fmt: skip
def test_a_price_under_the_pointer_is_in_its_currency(price, quote, sign, text):
    assert style.hover_price(np.array([price, -price / 3, math.nan]), quote, sign=sign) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (14 * 24, "Wed 28 Feb 2024, 01:00 to Wed 13 Mar 2024, 01:00 UTC"),
        (14 * 24 + 1, "28 Feb to 13 Mar 2024"),
    ],
)
def test_a_span_has_times_of_day_where_it_is_short(hours, text):
    first = pd.Timestamp("2024-02-28 01:00", tz="UTC")
    times = pd.DatetimeIndex([first, first + pd.Timedelta(hours=hours)])
    assert wording.span_of_closes(times) == text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ("1h", "Thu 17 Aug 2017, 00:00 to Thu 17 Aug 2017, 03:00 UTC"),
        ("1d", "17 Aug to 20 Aug 2017"),
        ("1w", "17 Aug to 7 Sep 2017"),
    ],
)
def test_the_span_of_candles_reaches_to_the_last_close(interval, text):
    history = prices(3, interval)
    assert wording.span_of_candles(history, history.candles) == text


def test_an_axis_of_times_names_the_end_of_the_candle_that_it_shows():
    assert style.time_axis("1d")["title"]["text"] == "candle close, UTC"
    assert "%H:%M" in str(style.time_axis("1d")["unifiedhovertitle"])
    assert style.time_axis("1d", "open")["title"]["text"] == "candle open, UTC"
    assert "%H:%M" not in str(style.time_axis("1d", "open")["unifiedhovertitle"])


@pytest.mark.parametrize(
    ("first", "step", "texts"),
    [
        ("2024-02-28", "1D", ["2024-02-28", "2024-02-29"]),
        ("2024-02-28 23:00", "1h", ["2024-02-28T23:00", "2024-02-29T00:00"]),
        ("2024-02-28 23:59:59", "1s", ["2024-02-28T23:59:59", "2024-02-29T00:00:00"]),
        ("2024-02-28 12:00", "100ms", ["2024-02-28T12:00:00.000", "2024-02-28T12:00:00.100"]),
    ],
)
def test_times_are_text_since_a_browser_moves_numbers_to_its_own_zone(first, step, texts):
    times = pd.date_range(first, periods=2, freq=step, tz="UTC")
    assert list(style.dates(times)) == texts
    assert list(style.milliseconds(style.dates(times))) == list(times.as_unit("ms").asi8)
    assert list(style.dates(times.as_unit("ms").asi8.astype(float))) == texts


def test_counts_and_steps_have_their_noun():
    assert wording.candle_count(1, "1h") == "1 hour"
    assert wording.candle_count(14_245, "1h") == "14,245 hours"
    assert wording.step_label(1, "1h") == "1 hour ahead"
    assert wording.step_label(12, "15m") == "3 hours ahead"


def laid_out(subtitle=(), **options) -> go.Figure:
    return style.lay_out(
        go.Figure(), "Title", list(subtitle), dark=False, height=300, revision="one", **options
    )


def test_a_title_is_shown_as_it_is():
    name = "<a href='//x'>$x$</a> &amp; \x1b[2J"
    figure = style.lay_out(go.Figure(), name, [], dark=False, height=300, revision="one")
    written = figure.layout.title.text
    assert not set("<>$\x1b") & set(written)
    assert html.unescape(written) == name.replace("\x1b", "\\x1b")


def test_the_title_has_room_for_each_of_its_lines():
    bare = laid_out(legend=False).layout.margin.t
    one, two = (laid_out(lines, legend=False).layout.margin.t for lines in ("a", "ab"))
    assert bare < one < two
    # A line of the subtitle is about 15 pixels high, one of the legend 20.
    assert two - one == 15
    assert laid_out("a").layout.margin.t > one + 20
    # On a phone, the two long entries stand below one another.
    figures = [
        go.Figure([{"name": name}, {"name": "as promised"}])
        for name in ("measured", "measured, with 95 % interval")
    ]
    short, long = (
        style.lay_out(
            figure, "Title", ["a"], dark=False, height=300, revision="one"
        ).layout.margin.t
        for figure in figures
    )
    assert (short, long) == (laid_out("a").layout.margin.t, short + 20)
    assert laid_out("ab").layout.title.subtitle.text == "a<br>b"


def test_the_layout_of_one_figure_is_merged_into_the_common_one():
    layout = laid_out(
        extra={"xaxis": {"type": "category"}, "bargap": 0.5, "yaxis": {"title": {"text": "USD"}}}
    ).layout
    assert (layout.xaxis.type, layout.bargap) == ("category", 0.5)
    assert layout.xaxis.gridcolor == style.GRID
    assert (layout.yaxis.title.text, layout.yaxis.title.standoff) == ("USD", 4)
    assert laid_out().layout.xaxis.type is None


def test_the_template_is_plotlys_without_kinds_of_charts_that_are_not_drawn():
    full = pio.templates["plotly_white"].layout.to_plotly_json()
    rest = laid_out().layout.template.layout.to_plotly_json()
    assert {"colorway", "font", "xaxis", "yaxis"} <= rest.keys()
    assert all(rest[name] == full[name] for name in rest)
    assert not {"geo", "polar", "scene"} & rest.keys()


@pytest.mark.parametrize(
    ("distance", "form"),
    [
        (60_000, "%H:%M\n%-d %b"), (43_200_000, "%H:%M\n%-d %b"), (86_400_000, "%-d %b\n%Y"),
        (14 * 86_400_000, "%-d %b\n%Y"),
    ],
)  # fmt: skip
def test_ticks_less_than_a_day_apart_have_a_time_of_day(distance, form):
    def fits(low, high):
        return (low is None or low <= distance) and (isinstance(high, str) or distance <= high)

    stops = style.time_axis("1h")["tickformatstops"]
    assert [stop["value"] for stop in stops[:2] if fits(*stop["dtickrange"])] == [form]


def test_dashed_lines_cross_the_whole_plot():
    upright, level = style.dashed_line("red", x=3), style.dashed_line("red", y=50)
    assert (upright["x0"], upright["x1"], upright["y0"], upright["y1"]) == (3, 3, 0, 1)
    assert (level["x0"], level["x1"], level["y0"], level["y1"]) == (0, 1, 50, 50)
    assert (upright["yref"], level["xref"]) == ("y domain", "x domain")

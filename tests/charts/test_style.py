"""Colours stand out from the page, and prices have the decimals that fit their size."""

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from cryptoforecast.charts import style


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK])
def test_lines_stand_out_from_the_page(theme):
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    page = luminance(theme.surface)
    for colour, least in ((theme.ink, 7), (theme.faint, 4.5), (theme.strong, 3), (theme.calm, 3)):
        light, dark = sorted((page, luminance(colour)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (64123.456, "$64,123.46"),
        (1.5, "$1.500"),
        (0.00001234, "$0.00001234"),
        (-12.3, "-$12.30"),
        (0.0, "$0.00"),
        (math.nan, "unknown"),
    ],
)
def test_money_has_the_decimals_its_size_calls_for(price, text):
    assert style.money(price) == text


@pytest.mark.parametrize(
    ("share", "sign", "text"),
    [
        (0.00123, "+", "+0.12 %"), (0.0456, "+", "+4.6 %"), (-1.5, "+", "-150 %"),
        (math.nan, "+", "–"), (-1e-9, "+", "0 %"), (0.00005, "", "0.01 %"), (0.01, "", "1.0 %"),
        (0.99996, "", "100.0 %"), (1.0, "", "100 %"), (-0.0456, "", "-4.6 %"),
    ],
)  # fmt: skip
def test_a_percentage_has_the_decimals_that_tell_it_from_0(share, sign, text):
    assert style.percent(share, sign) == text


@pytest.mark.parametrize(
    ("price", "label"), [(10_000, "~s"), (9_999, ",~f"), (1, ",~f"), (0.99, "~g"), (0, "~g")]
)
def test_labels_of_ticks_are_short(price, label):
    assert style.tick_format(price) == label
    assert style.price_axis(np.array([price / 2, -price, math.nan]))["tickformat"] == label


@pytest.mark.parametrize(
    ("price", "decimals"), [(64_123.0, 2), (10.0, 2), (9.99, 3), (1.0, 3), (0.1, 4), (1e-20, 12)]
)
def test_a_price_has_about_four_digits(price, decimals):
    assert style.price_decimals(price) == decimals
    assert f".{decimals}f" in style.hover_price(np.array([price, price / 3]))


@pytest.mark.parametrize(
    ("hours", "interval", "text"),
    [
        (14 * 24, "1h", "2024-02-28 01:00 to 2024-03-13 01:00 UTC"),
        (14 * 24 + 1, "1h", "2024-02-28 to 2024-03-13 UTC"),
        (48, "1d", "2024-02-28 to 2024-03-01 UTC"),
    ],
)
def test_a_span_has_times_of_day_where_it_is_short(hours, interval, text):
    first = pd.Timestamp("2024-02-28 01:00", tz="UTC")
    times = pd.DatetimeIndex([first, first + pd.Timedelta(hours=hours)])
    assert style.span(times, interval) == text


def test_one_time_has_a_time_of_day_unless_candles_are_days():
    time = pd.Timestamp("2024-02-28 13:00", tz="UTC")
    assert style.moment(time, "4h") == "2024-02-28 13:00 UTC"
    assert style.moment(time, "1d") == "2024-02-28 UTC"


def test_counts_and_steps_have_their_noun():
    assert style.candle_count(1, "1h") == "1 hour"
    assert style.candle_count(14_245, "1h") == "14,245 hours"
    assert style.step_label(1, "1h") == "1 hour ahead"
    assert style.step_label(12, "15m") == "3 hours ahead"


def laid_out(subtitle=(), **options) -> go.Figure:
    return style.lay_out(
        go.Figure(), "Title", list(subtitle), dark=False, height=300, revision="one", **options
    )


def test_the_title_has_room_for_each_of_its_lines():
    bare = laid_out(legend=False).layout.margin.t
    one, two = (laid_out(lines, legend=False).layout.margin.t for lines in ("a", "ab"))
    assert bare < one < two
    # A line of the subtitle is about 15 pixels high, one of the legend 20.
    assert two - one == 15
    assert laid_out("a").layout.margin.t > one + 20
    assert laid_out("a", legend_rows=3).layout.margin.t == laid_out("a").layout.margin.t + 40
    assert laid_out("ab").layout.title.subtitle.text == "a<br>b"


def test_the_layout_of_one_figure_is_merged_into_the_common_one():
    layout = laid_out(
        extra={"xaxis": {"type": "category"}, "bargap": 0.5, "yaxis": {"title": {"text": "USD"}}}
    ).layout
    assert (layout.xaxis.type, layout.bargap) == ("category", 0.5)
    assert layout.xaxis.gridcolor == style.GRID
    assert (layout.yaxis.title.text, layout.yaxis.title.standoff) == ("USD", 4)
    assert laid_out().layout.xaxis.type is None


def test_dashed_lines_cross_the_whole_plot():
    upright, level = style.dashed_line("red", x=3), style.dashed_line("red", y=50)
    assert (upright["x0"], upright["x1"], upright["y0"], upright["y1"]) == (3, 3, 0, 1)
    assert (level["x0"], level["x1"], level["y0"], level["y1"]) == (0, 1, 50, 50)
    assert (upright["yref"], level["xref"]) == ("y domain", "x domain")

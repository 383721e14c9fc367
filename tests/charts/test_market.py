"""Each candle is drawn as it is; indicators, volume and gaps have their places."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.market import MAX_BARS, MAX_CANDLES, summed
from cryptoforecast.charts.thinning import LIMIT
from cryptoforecast.types import Indicator, Problem, price_text
from tests.charts.examples import named, prices, times


def test_volumes_added_up_equal_a_hand_loop():
    history = prices(2000)
    bars, length = summed(history.candles["volume"], history.candle_length)
    assert len(bars) <= MAX_BARS
    assert length == pd.Timedelta(hours=6)
    for time, volume in bars.items():
        index = history.candles.index
        part = history.candles[(index >= time) & (index < time + length)]
        assert volume == pytest.approx(part["volume"].sum())


@pytest.mark.parametrize(
    ("n", "interval", "text"),
    [
        (450, "1h", ""), (451, "1h", "2 hours"), (898, "1h", "2 hours"), (899, "1h", "3 hours"),
        (451, "1m", "2 minutes"), (3000, "15m", "2 hours"), (10_776, "1h", "1 day"),
        (10_777, "1h", "2 days"), (71_000, "1h", "7 days"), (900, "1w", "28 days"),
    ],
)  # fmt: skip
def test_volumes_are_added_up_over_the_shortest_span_that_fits(n, interval, text):
    figure = charts.candles(prices(n, interval))
    assert len(named(figure, "volume").x) <= MAX_BARS
    hover = named(figure, "volume").hovertemplate
    assert hover.startswith(f"volume in {text} %" if text else "volume %")


@pytest.mark.parametrize(("n", "interval"), [(200, "1h"), (12, "1d"), (1, "1w")])
def test_each_candle_drawn_is_one_of_the_candles(n, interval):
    history = prices(n, interval)
    candle = named(charts.candles(history), "price")
    assert candle.type == "candlestick"
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(candle[name], history.candles[name])
    assert list(times(candle)) == list(history.candles.index)


@pytest.mark.parametrize("n", [MAX_CANDLES + 1, 3_000, 71_000])
def test_of_more_candles_the_closes_are_drawn_with_their_extremes(n):
    history = prices(n)
    line = named(charts.candles(history), "price")
    assert line.type == "scatter"
    assert len(line.x) <= LIMIT
    close = history.candles["close"]
    np.testing.assert_allclose(line.y, close.loc[times(line)], rtol=1e-6)
    assert [line.y.min(), line.y.max(), line.y[-1]] == pytest.approx(
        [close.min(), close.max(), close.iloc[-1]], rel=1e-6
    )


def test_the_volume_is_drawn_below_with_its_unit():
    history = prices(100)
    np.testing.assert_allclose(
        named(charts.candles(history), "volume").y, history.candles["volume"], rtol=1e-6
    )
    for unit, title in (("coins", "volume, BTC"), ("quote", "volume, USD"), ("unknown", "volume")):
        figure = charts.candles(replace(history, volume_unit=unit))
        assert title in [note.text for note in figure.layout.annotations]


@pytest.mark.parametrize(
    ("size", "ticks"),
    [(50_000.0, "~s"), (300.0, ",~f"), (0.2, "~g"), (0.0004, "~g"), (3e-7, ".13~f")],
)
def test_no_small_volume_is_written_with_the_letter_of_millions(size, ticks):
    history = prices(100)
    candles = history.candles.assign(volume=size * history.candles["volume"].rank(pct=True))
    figure = charts.candles(replace(history, candles=candles))
    assert figure.layout.yaxis2.tickformat == ticks
    hover = named(figure, "volume").hovertemplate
    assert "s}" not in hover
    assert hover.startswith("volume %{y:,.")


def test_volume_that_is_unknown_stays_unknown_and_gaps_stay_gaps():
    history = prices(3000)
    candles = history.candles.drop(history.candles.index[500:900])
    candles.iloc[:100, 4] = math.nan
    bars, _ = summed(candles["volume"], history.candle_length)
    assert math.isnan(bars.iloc[0])
    gap = history.candles.index[600]
    assert bars[(bars.index > gap - pd.Timedelta(hours=50)) & (bars.index < gap)].isna().all()


def test_few_candles_are_hollow_or_filled_on_the_axis_that_was_chosen():
    figure = charts.candles(prices(100), log=True)
    candle = named(figure, "price")
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.dtick is None
    for factor, ticks in ((10.0, "D2"), (1e4, 1)):
        wide = prices(100)
        wide.candles.iloc[50:, :4] *= factor
        assert charts.candles(wide, log=True).layout.yaxis.dtick == ticks
    assert candle.increasing.fillcolor == style.CLEAR != candle.decreasing.fillcolor


def test_the_price_axis_fits_what_is_drawn_and_time_is_selected_by_hand_alone():
    figure = charts.candles(prices(100), zoom=True)
    assert figure.layout.yaxis.range is None  # the browser fits it to all that is drawn
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
    assert (figure.layout.dragmode, figure.layout.selectdirection) == ("select", "h")
    assert charts.candles(prices(100)).layout.dragmode is False
    assert not figure.layout.xaxis.rangeselector.buttons


def test_gaps_are_marked():
    history = prices(100)
    first, last = history.candles.index[[20, 30]]
    shapes = charts.candles(history, gaps=[(first, last)]).layout.shapes
    assert [(each.x0, each.x1) for each in shapes] == [
        tuple(style.dates(history.candles.index[[20, 30]]))
    ]


def test_indicators_lie_on_the_prices_or_in_panels_of_their_own():
    history = prices(150)
    line = history.candles["close"].to_numpy() * 1.01
    on_prices = Indicator("averages", "Averages", {"mean of 10": line}, on_prices=True)
    own = Indicator("rsi", "RSI (14)", {"RSI": line / line.max()}, False, guides=(0.3, 0.7))
    figure = charts.candles(history, indicators=[on_prices, own])
    assert named(figure, "mean of 10").yaxis is None
    np.testing.assert_allclose(named(figure, "mean of 10").y, line, rtol=1e-6)
    assert figure.layout.title.subtitle.text == "mean of 10 (solid)"
    # Those with a panel have their name above it.
    assert not charts.candles(history, indicators=[own]).layout.title.subtitle.text
    assert named(figure, "RSI").yaxis == "y3"
    assert "RSI (14)" in [note.text for note in figure.layout.annotations]
    assert [shape.y0 for shape in figure.layout.shapes] == [0.3, 0.7]
    domains = [figure.layout[name].domain for name in ("yaxis3", "yaxis2", "yaxis")]
    edges = [edge for domain in domains for edge in domain]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == pytest.approx((0, 1))
    assert figure.layout.height > charts.candles(history).layout.height
    assert figure.layout.xaxis.anchor == "y3"


def test_a_panel_without_volume_is_the_second_part():
    history = prices(150, volume=False)
    own = Indicator("rsi", "RSI (14)", {"RSI": np.ones(150)}, on_prices=False)
    figure = charts.candles(history, indicators=[own])
    assert named(figure, "RSI").yaxis == "y2"
    assert figure.layout.xaxis.anchor == "y2"


def test_without_volume_there_is_no_panel_for_it():
    figure = charts.candles(prices(100, volume=False))
    assert [trace.name for trace in figure.data] == ["price"]
    assert tuple(figure.layout.yaxis.domain) == (0, 1)


def test_the_sentence_says_what_the_figure_shows():
    history = prices(50)
    close = history.candles["close"]
    text = charts.summary_candles(history)
    assert price_text(close.iloc[-1]) in text
    assert ("above" if close.iloc[-1] >= close.iloc[0] else "below") in text


def test_prices_in_two_units_are_not_compared():
    history = prices(50)
    change = Problem("level_shift", 1, 26, "rescale")
    history = replace(history, quality=replace(history.quality, problems=(change,)))
    assert ", in another unit than the first, " in charts.summary_candles(history)
    history = replace(history, unit_changes=(history.candles.index[25],))  # into one unit
    assert " the first, " in charts.summary_candles(history)
    assert "another unit" not in charts.summary_candles(history)


@pytest.mark.parametrize(
    ("quote", "form"), [("USD", "$%{close:,.9f}"), ("BTC", "%{close:,.8f} BTC")]
)
def test_a_traded_price_has_the_parts_that_a_coin_has(quote, form):
    figure = charts.candles(replace(prices(20, start=1.23e-6), quote=quote))
    assert f"close {form}" in named(figure, "price").hovertemplate


def test_each_line_on_the_prices_is_named():
    history = prices(150)
    close = history.candles["close"].to_numpy()
    means = Indicator("averages", "Averages", {f"mean of {n}": close for n in (10, 50, 100)}, True)
    band = Indicator("band", "Band (20)", {"lower": close, "mean": close, "upper": close}, True)
    figure = charts.candles(history, indicators=[means, band])
    lines = figure.layout.title.subtitle.text.split("<br>")
    assert lines == [
        "mean of 10 (solid), 50 (dashed), 100 (dotted)",
        "Band (20): grey area, dashed mean",
    ]
    dashes = [named(figure, f"mean of {n}").line.dash for n in (10, 50, 100)]
    assert dashes == ["solid", "dash", "dot"]
    room = figure.layout.margin.t - charts.candles(history).layout.margin.t
    assert room >= 15 * len(lines)

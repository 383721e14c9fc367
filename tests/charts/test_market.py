"""Candles of any history fit a figure, and merging them is what a hand loop does."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.market import MAX_CANDLES, for_display
from cryptoforecast.types import Problem, price_text
from tests.charts.examples import named, prices, times, title_text


def test_candles_put_together_equal_a_hand_loop():
    history = prices(2000)
    drawn, length = for_display(history.candles, history.candle_length)
    assert len(drawn) <= MAX_CANDLES
    assert length == pd.Timedelta(hours=6)
    for time, candle in drawn.iterrows():
        index = history.candles.index
        part = history.candles[(index >= time) & (index < time + length)]
        assert candle["open"] == part["open"].iloc[0]
        assert candle["high"] == part["high"].max()
        assert candle["low"] == part["low"].min()
        assert candle["close"] == part["close"].iloc[-1]
        assert candle["volume"] == pytest.approx(part["volume"].sum())


@pytest.mark.parametrize(
    ("n", "interval"), [(451, "1m"), (3000, "1h"), (71_000, "1h"), (3000, "1d"), (900, "1w")]
)
def test_any_length_of_history_fits(n, interval):
    history = prices(n, interval)
    drawn, length = for_display(history.candles, history.candle_length)
    assert MAX_CANDLES / 8 < len(drawn) <= MAX_CANDLES
    assert drawn["volume"].sum() == pytest.approx(history.candles["volume"].sum())
    assert "each candle shown is" in title_text(charts.candles(history))
    assert length > history.candle_length


@pytest.mark.parametrize(
    ("n", "interval", "text"),
    [
        (450, "1h", ""), (451, "1h", "2 hours"), (898, "1h", "2 hours"), (899, "1h", "3 hours"),
        (451, "1m", "2 minutes"), (3000, "15m", "2 hours"), (10_776, "1h", "1 day"),
        (10_777, "1h", "2 days"),
    ],
)  # fmt: skip
def test_candles_are_merged_to_the_shortest_length_that_fits(n, interval, text):
    expected = f"each candle shown is {text} long" if text else ""
    shown = title_text(charts.candles(prices(n, interval)))
    assert expected in shown
    assert ("each candle" in shown) == bool(text)


def test_the_volume_is_drawn_below_with_its_unit():
    history = prices(100)
    np.testing.assert_allclose(
        named(charts.candles(history), "volume").y, history.candles["volume"], rtol=1e-6
    )
    for unit, title in (("coins", "volume, BTC"), ("quote", "volume, USD"), ("unknown", "volume")):
        figure = charts.candles(replace(history, volume_unit=unit))
        assert figure.layout.yaxis2.title.text == title


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


def test_gaps_and_unknown_volume_stay_what_they_are():
    history = prices(3000)
    candles = history.candles.drop(history.candles.index[500:900])
    candles.iloc[:100, 4] = math.nan
    drawn, _ = for_display(candles, history.candle_length)
    assert drawn["close"].notna().all()
    assert math.isnan(drawn["volume"].iloc[0])
    gap = history.candles.index[600]
    assert not ((drawn.index > gap - pd.Timedelta(hours=50)) & (drawn.index < gap)).any()


def test_few_candles_are_shown_as_they_are():
    figure = charts.candles(prices(100), log=True)
    assert "each candle" not in title_text(figure)
    candle = named(figure, "price")
    np.testing.assert_array_equal(candle.close, prices(100).candles["close"])
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.title.text == "volume, BTC"
    assert candle.increasing.fillcolor == style.CLEAR != candle.decreasing.fillcolor
    assert charts.candles(prices(1)).data


def test_without_volume_there_is_no_panel_for_it():
    figure = charts.candles(prices(100, volume=False))
    assert [trace.name for trace in figure.data] == ["price"]
    assert tuple(figure.layout.yaxis.domain) == (0, 1)


def test_range_buttons_fit_what_is_shown():
    def labels(history, last=None):
        shown = charts.candles(history, last=last).layout.xaxis.rangeselector.buttons
        return [button.label for button in shown]

    assert labels(prices(71_000)) == ["3mo", "1y", "all"]
    assert labels(prices(1000), charts.RANGES["1 month"]) == ["1d", "1w", "all"]
    assert labels(prices(10)) == []


def test_last_cuts_the_history():
    history = prices(2000)
    figure = charts.candles(history, last=charts.RANGES["1 week"])
    assert len(named(figure, "price").x) == 168
    assert times(named(figure, "price"))[-1] == history.end


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

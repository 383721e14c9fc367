"""Figures hold what was measured, in bounds, labelled; and their sentences say the same."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.market import MAX_CANDLES, for_display
from cryptoforecast.charts.thinning import LIMIT, rows_to_show
from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import (
    INTERVALS,
    Backtest,
    EpochLoss,
    Forecast,
    ModelSpec,
    NextSteps,
    PriceHistory,
    Scores,
    Split,
    Verdict,
)

VERDICT = Verdict("naive", "mae", 0.0, 0.0, 0.0, math.nan, False, "Says nothing.")


def prices(n=400, interval="1h", start=30_000.0, simulated=False, volume=True) -> PriceHistory:
    rng = np.random.default_rng(0)
    close = start * np.exp(np.cumsum(rng.normal(0, 0.004, n)))
    opened = np.append(start, close[:-1])
    frame = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * 1.002,
            "low": np.minimum(opened, close) * 0.998,
            "close": close,
            "volume": rng.gamma(2, 50, n) if volume else np.full(n, np.nan),
        },
        index=pd.date_range("2017-08-17", periods=n, freq=INTERVALS[interval], tz="UTC"),
    )
    frame.index = pd.DatetimeIndex(frame.index, name="time").as_unit("ns")
    return PriceHistory("BTC", interval, frame, "test", frame.index[-1], simulated, "coins")


def forecast_of(history: PriceHistory, rows: range, horizon: int) -> Forecast:
    rng = np.random.default_rng(1)
    close = history.candles["close"].to_numpy()
    targets = np.array(rows)[:, None] + np.arange(1, horizon + 1)
    padded = np.append(close, np.full(horizon, np.nan))
    last = close[list(rows)]
    width = np.linspace(-0.02, 0.02, 9) * np.sqrt(np.arange(1, horizon + 1))[:, None]
    return Forecast(
        predictor="lstm",
        interval=history.interval,
        origins=history.candles.index[list(rows)],
        close=last,
        predicted=last[:, None] * np.exp(rng.normal(0, 0.002, (len(rows), horizon))),
        quantiles=np.broadcast_to(width, (len(rows), horizon, 9)),
        actual=padded[targets],
    )


def backtest(n=400, horizon=1, simulated=False) -> Backtest:
    history, cut = prices(n, simulated=simulated), int(n * 0.8)
    forecast = forecast_of(history, range(cut, n - horizon), horizon)
    split = Split(n, int(n * 0.64), cut, horizon)
    spec = ModelSpec(horizon=horizon)
    return Backtest(history, spec, split, {"lstm": forecast}, {}, VERDICT)


def future(horizon=24, interval="1h", simulated=False) -> NextSteps:
    history = prices(interval=interval, simulated=simulated)
    return NextSteps("some", history, forecast_of(history, range(399, 400), horizon))


CURVE = tuple(EpochLoss(i, 1 / i, 1 / i + 0.01 * (i - 4) ** 2, 2.0 * i) for i in range(1, 8))
MEASURED = {"naive": {80: 0.88, 95: 0.98}, "lstm": {80: 0.79, 95: math.nan}}


def scored(mae: float, pinball: float) -> Scores:
    return Scores(mae, mae, 0.1, 0.1, 1.0, 0.5, pinball, 0.8, 0.95)


SCORES = {
    "naive": (scored(1.0, 1.0), scored(100.0, 0.01)),
    "cone": (scored(1.0, 1.0), scored(100.0, 0.0092)),
    "lstm": (scored(2.0, 1.0), scored(470.0, 0.0089)),
}

FIGURES = {
    "predicted": lambda dark, sim: charts.predicted_vs_actual(backtest(simulated=sim), dark=dark),
    "fan": lambda dark, sim: charts.fan(future(simulated=sim), dark=dark),
    "fan of one step": lambda dark, sim: charts.fan(future(1, simulated=sim), dark=dark),
    "candles": lambda dark, sim: charts.candles(prices(simulated=sim), dark=dark),
    "coverage": lambda dark, sim: charts.coverage(MEASURED, simulated=sim, dark=dark),
    "errors": lambda dark, sim: charts.compare_errors(SCORES, simulated=sim, dark=dark),
    "loss": lambda dark, sim: charts.loss_curve(CURVE, dark=dark),
}


def named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def times(trace) -> pd.DatetimeIndex:
    return pd.to_datetime(np.asarray(trace.x), unit="ms", utc=True).as_unit("ns")


def words(figure) -> str:
    return f"{figure.layout.title.text} {figure.layout.title.subtitle.text}"


# ------------------------------------------------------------------- every figure


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("dark", [False, True])
def test_backgrounds_are_transparent_and_zoom_survives(name, dark):
    figure = FIGURES[name](dark, False)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == style.CLEAR
    assert figure.layout.font.color == style.theme(dark).ink
    assert figure.layout.uirevision == FIGURES[name](not dark, False).layout.uirevision
    assert figure.layout.uirevision
    assert figure.layout.xaxis.title.text
    json.loads(figure.to_json())


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "loss"])
def test_simulated_prices_are_labelled_and_real_ones_are_not(name):
    assert "Simulated prices" in words(FIGURES[name](False, True))
    assert "imulated" not in words(FIGURES[name](False, False))


@pytest.mark.parametrize("name", ["predicted", "fan", "candles"])
def test_axes_name_their_units(name):
    layout = FIGURES[name](False, False).layout
    assert "UTC" in layout.xaxis.title.text
    assert "USD" in layout.yaxis.title.text


def test_no_figure_is_large():
    long = prices(71_000)
    figures = [
        charts.candles(long),
        charts.predicted_vs_actual(backtest(71_000)),
        charts.predicted_vs_actual(backtest(71_000, 24), 24),
        charts.fan(
            NextSteps("x", long, forecast_of(long, range(70_999, 71_000), 48)), recent=71_000
        ),
    ]
    for figure in figures:
        assert len(figure.to_json()) < 300_000
        assert all(len(trace.x) <= LIMIT for trace in figure.data)


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


# ------------------------------------------------------------------- thinning


@given(
    values=arrays(float, st.integers(1, 300), elements=st.floats(-1e6, 1e6)),
    limit=st.integers(4, 60),
)
@settings(max_examples=80, deadline=None)
def test_downsampling_keeps_ends_and_extremes(values, limit):
    rows = rows_to_show([values], limit)
    kept = values[rows]
    assert len(rows) <= max(limit, 1)
    assert (np.diff(rows) > 0).all()
    assert (rows[0], rows[-1]) == (0, len(values) - 1)
    assert (kept.min(), kept.max()) == (values.min(), values.max())
    if len(values) <= limit:
        assert len(kept) == len(values)


def test_rows_keep_the_extremes_of_every_stretch_of_every_line():
    rng = np.random.default_rng(0)
    lines = [rng.normal(size=5000), rng.normal(size=5000)]
    rows = set(rows_to_show(lines, 202).tolist())
    assert len(rows) <= 202
    for line, part in itertools.product(lines, np.split(np.arange(5000), 50)):
        assert part[np.argmin(line[part])] in rows
        assert part[np.argmax(line[part])] in rows


def test_missing_values_are_no_extremes():
    values = np.sin(np.arange(1000.0))
    values[[10, 500]] = math.nan
    values[700:800] = math.nan
    kept = values[rows_to_show([values], 100)]
    assert np.nanmax(kept) == np.nanmax(values)
    assert np.nanmin(kept) == np.nanmin(values)


# ------------------------------------------------------------------- forecasts


def test_predicted_vs_actual_shows_the_chosen_step_at_its_time():
    given = backtest(horizon=6)
    figure, frame = charts.predicted_vs_actual(given, 4), given.forecast.frame(4)
    for name in ("actual", "predicted", "residual"):
        trace = named(figure, name)
        np.testing.assert_allclose(trace.y, frame[name], rtol=1e-6, atol=0.01)
        assert list(times(trace)) == list(frame["time"])
    band = np.asarray(named(figure, "predicted").customdata)
    np.testing.assert_allclose(band, frame[["q0.1", "q0.9"]], rtol=1e-6)
    edges = [trace for trace in figure.data if trace.name == "80 % band"]
    np.testing.assert_allclose([edge.y for edge in edges], band.T, rtol=1e-6)
    assert "4 hours ahead" in words(figure)
    assert f"{len(frame)} hours" in words(figure)
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]


def test_predicted_vs_actual_says_when_points_are_left_out():
    figure = charts.predicted_vs_actual(backtest(20_000))
    assert f"{len(figure.data[0].x):,} points shown" in words(figure)
    assert "points shown" not in words(charts.predicted_vs_actual(backtest()))


def test_an_undefined_band_is_left_out():
    given = backtest()
    undefined = replace(given.forecast, quantiles=given.forecast.quantiles * math.nan)
    figure = charts.predicted_vs_actual(replace(given, forecasts={"lstm": undefined}))
    assert "80 % band" not in {trace.name for trace in figure.data}


@pytest.mark.parametrize("step", [0, 7])
def test_a_step_outside_the_horizon_is_refused(step):
    with pytest.raises(InvalidInput, match=rf"1 to the horizon, 6. Received: {step}"):
        charts.predicted_vs_actual(backtest(horizon=6), step)


def test_the_fan_opens_at_the_last_close_and_nests():
    given = future(24)
    figure = charts.fan(given)
    tops = [next(t for t in figure.data if t.name == f"{n} %" and t.fill) for n in (95, 80, 50)]
    for top in tops:
        assert times(top)[0] == given.forecast.origins[0]
        assert times(top)[-1] == given.forecast.origins[0] + pd.Timedelta(hours=24)
        assert top.y[0] == pytest.approx(given.forecast.close[0], rel=1e-6)
    assert tops[0].y[-1] > tops[1].y[-1] > tops[2].y[-1]
    assert tops[1].y[-1] == pytest.approx(given.forecast.quantile_prices[0, -1, 6], rel=1e-6)
    assert times(named(figure, "median"))[0] == given.history.end + pd.Timedelta(hours=1)
    assert len(named(figure, "close").x) == 72
    labels = {note.text for note in figure.layout.annotations}
    assert labels == {style.money(given.forecast.quantile_prices[0, -1, i]) for i in (2, 4, 6)}


def test_one_step_is_a_box_around_its_candle():
    given = future(1, interval="1d")
    figure = charts.fan(given)
    box = next(trace for trace in figure.data if trace.name == "80 %" and trace.fill)
    left, right = times(box)
    assert left < given.history.end + pd.Timedelta(days=1) < right
    assert right - left < pd.Timedelta(days=1)
    assert "the next 1 day" in words(figure)


# ------------------------------------------------------------------- candles


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
    assert "each candle shown is" in words(charts.candles(history))
    assert length > history.candle_length


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
    assert "each candle" not in words(figure)
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


# ------------------------------------------------------------------- scores


def test_the_loss_curve_grows_in_place():
    figure = charts.loss_curve(CURVE, epochs=15)
    assert list(named(figure, "validation").y) == [point.val_loss for point in CURVE]
    assert tuple(figure.layout.xaxis.range) == (0.5, 15.5)
    assert not figure.layout.annotations
    waiting = charts.loss_curve((), epochs=15)
    assert waiting.layout.annotations[0].text == "The first epoch is running"
    assert waiting.layout.uirevision == figure.layout.uirevision


def test_errors_are_multiples_of_naives():
    figure = charts.compare_errors(SCORES)
    assert dict(zip(figure.data[0].y, figure.data[0].x, strict=True)) == pytest.approx(
        {"naive": 1, "cone": 1, "lstm": 4.7}
    )
    first = charts.compare_errors(SCORES, 1)
    assert dict(zip(first.data[0].y, first.data[0].x, strict=True))["lstm"] == 2
    band = charts.compare_errors(SCORES, metric="pinball").data[0]
    assert dict(zip(band.y, band.text, strict=True))["lstm"] == "0.890"


def test_an_undefined_error_is_said_to_be():
    scores = {"naive": (scored(0.0, 1.0),), "lstm": (scored(1.0, 1.0),)}
    assert set(charts.compare_errors(scores).data[0].text) == {"undefined"}
    assert charts.summary_errors(scores).endswith("lstm undefined.")


def test_coverage_is_shown_by_level():
    figure = charts.coverage(MEASURED)
    assert list(named(figure, "naive").y) == [88, 98]
    assert list(named(figure, "as promised").y) == [80, 95]
    assert math.isnan(named(figure, "lstm").y[1])
    symbols = {trace.marker.symbol for trace in figure.data}
    assert len(symbols) == len(figure.data)


# ------------------------------------------------------------------- sentences


def test_sentences_say_what_the_figures_show():
    given = backtest(horizon=3)
    residual = given.forecast.frame(3)["residual"].abs()
    text = charts.summary_predicted(given, 3)
    assert f"{style.money(residual.mean())} on average" in text
    assert f"{style.money(residual.max())} at most" in text
    assert "3 hours ahead" in text
    ahead = future(24, simulated=True)
    text = charts.summary_fan(ahead)
    for i in (2, 4, 6):
        assert style.money(ahead.forecast.quantile_prices[0, -1, i]) in text
    assert text.startswith("24 hours after 2017-09-02 15:00 UTC the BTC simulated price")
    history = prices(50)
    close = history.candles["close"]
    text = charts.summary_candles(history)
    assert style.money(close.iloc[-1]) in text
    assert ("above" if close.iloc[-1] >= close.iloc[0] else "below") in text
    assert charts.summary_loss(()) == "No epoch has finished yet."
    best = min(CURVE, key=lambda point: point.val_loss)
    assert charts.summary_loss(CURVE).endswith(f"is {best.val_loss:.4g}, after epoch {best.epoch}.")
    assert charts.summary_coverage(MEASURED) == (
        "naive's 80 % band holds 88.0 % of the actuals; lstm's 80 % band holds 79.0 % of the "
        "actuals."
    )
    assert charts.summary_coverage({}) == "No coverage is defined here."
    assert charts.summary_errors(SCORES) == (
        "MAE in multiples of the last price's: cone 1.000, lstm 4.70."
    )


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

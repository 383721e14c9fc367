"""A still shows what its figure shows, to people and to machines, whatever the prices."""

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import stills, style
from cryptoforecast.types import INTERVALS, Forecast, NextSteps, PriceHistory

SVG = "{http://www.w3.org/2000/svg}"


def future(horizon=24, interval="1h", price=60_000.0, moves=0.004) -> NextSteps:
    close = price * np.exp(np.cumsum(np.random.default_rng(3).normal(0, moves, 400)))
    frame = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": 1.0},
        index=pd.date_range("2024-02-01", periods=400, freq=INTERVALS[interval], tz="UTC"),
    )
    history = PriceHistory("BTC", interval, frame, "test", frame.index[-1], True, "coins")
    width = np.linspace(-4 * moves, 4 * moves, 9) * np.sqrt(np.arange(1, horizon + 1))[:, None]
    forecast = Forecast(
        predictor="lstm",
        interval=interval,
        origins=frame.index[-1:],
        close=close[-1:],
        predicted=np.full((1, horizon), close[-1]),
        quantiles=width[None],
        actual=np.full((1, horizon), np.nan),
    )
    return NextSteps("some", history, forecast)


def image(html: str) -> ElementTree.Element:
    (found,) = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    return ElementTree.fromstring(base64.b64decode(found))


def numbers(values) -> np.ndarray:
    """Prices, or times as milliseconds since 1970."""
    array = np.asarray(values)
    return style.milliseconds(array) if array.dtype.kind in "UO" else array.astype(float)


def corners(points: str) -> np.ndarray:
    return np.array([[float(each) for each in point.split(",")] for point in points.split()])


def test_lines_and_bands_are_where_the_figure_has_them():
    figure = charts.fan(future())
    drawn = image(charts.still(figure, "words"))
    close, median = (corners(line.get("points")) for line in drawn.iter(f"{SVG}polyline"))
    bands = [corners(band.get("points")) for band in drawn.iter(f"{SVG}polygon")]
    assert len(bands) == 3
    lines = {line.name: line for line in figure.data if not line.fill and line.line.width}
    shown = np.concatenate([close, median, *bands])
    assert shown[:, 0].min() == 0
    assert shown[:, 0].max() == stills.SIZE
    # Above and below, Plotly leaves 5.5 % of the height that the lines have.
    free = stills.SIZE * 0.055 / 1.11
    assert shown[:, 1].min() == pytest.approx(free, abs=0.1)
    assert shown[:, 1].max() == pytest.approx(stills.SIZE - free, abs=0.1)
    # Linear in time and in price: two points of one line fix the scale for every other.
    for axis, key in enumerate("xy"):
        known, seen = numbers(lines["close"][key]), close[:, axis]
        low, high = known.argmin(), known.argmax()
        per = (seen[high] - seen[low]) / (known[high] - known[low])
        other = numbers(lines["median"][key])
        np.testing.assert_allclose(median[:, axis], seen[low] + (other - known[low]) * per, atol=1)
    tops = [line for line in figure.data if line.fill]
    for band, top in zip(bands, tops, strict=True):
        assert len(band) == 2 * len(top.x)
        assert band[:, 1].min() == pytest.approx(band[len(top.x) - 1, 1], abs=1)  # its last top


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_colours_are_those_of_the_figure(dark):
    given = future()
    figure = charts.fan(given, dark=dark)
    html = charts.still(figure, 'says "it" & more')
    for text in ("BTC: the next 24 hours", "Simulated prices, not a market", "95 %", "median"):
        assert text in html
    for note in figure.layout.annotations:
        assert f">{note.text}</span>" in html
    assert 'alt="says &quot;it&quot; &amp; more"' in html
    assert f"color:{style.theme(dark).ink}" in html
    assert f"height:{figure.layout.height}px" in html
    assert len(html) < 20_000


def test_what_others_named_is_escaped():
    given = future()
    hostile = '<img src=x onerror="alert(1)">'
    figure = charts.fan(replace(given, history=replace(given.history, coin=hostile)))
    html = charts.still(figure, hostile)
    assert html.count("<img") == 1
    assert "onerror=&quot;" in html


@pytest.mark.parametrize(
    ("horizon", "interval", "price", "label"),
    [
        (1, "1d", 0.00001234, r">0.0000\d+<"),
        (7, "1d", 3_300.0, r">3,\d00<"),
        (24, "1h", 64_000.0, r">6\dk<"),
    ],
)
def test_ticks_suit_the_size_of_prices(horizon, interval, price, label):
    html = charts.still(charts.fan(future(horizon, interval, price)), "words")
    found = re.findall(label, html)
    assert len(found) >= 2
    # A character takes almost 8 pixels.
    room = int(re.search(r"left:(\d+)px;right", html)[1])
    assert room == max(stills.LEFT, round(5 + 7.7 * max(len(each) - 2 for each in found)))


def test_prices_that_never_move_are_drawn():
    drawn = image(charts.still(charts.fan(future(moves=0.0)), "words"))
    for line in drawn.iter(f"{SVG}polyline"):
        np.testing.assert_allclose(corners(line.get("points"))[:, 1], stills.SIZE / 2, atol=1)


def test_the_plot_leaves_room_for_the_title_and_the_labels():
    figure = charts.fan(future())
    html = charts.still(figure, "words")
    room = figure.layout.height - figure.layout.margin.t - stills.BOTTOM
    assert 150 < room < figure.layout.height
    assert f"top:{figure.layout.margin.t}px;height:{room}px" in html


def test_lines_of_the_grid_are_at_the_labels():
    html = charts.still(charts.fan(future()), "words")
    paths = [path.get("d") for path in image(html).iter(f"{SVG}path") if path.get("d")]
    upright = [int(found[1]) for path in paths if (found := re.fullmatch(r"M(\d+) 0V1000", path))]
    level = [int(found[1]) for path in paths if (found := re.fullmatch(r"M0 (\d+)H1000", path))]
    left = [float(share) for share in re.findall(r"left:([\d.]+)%;top:100.00%", html)]
    top = [float(share) for share in re.findall(r"left:0.00%;top:([\d.]+)%", html)]
    assert len(upright) >= 2
    assert len(level) >= 2
    assert upright == pytest.approx([10 * share for share in left], abs=0.51)
    assert level == pytest.approx([10 * share for share in top], abs=0.51)


def test_a_single_step_is_drawn_as_dots():
    figure = charts.fan(future(horizon=1))
    drawn = image(charts.still(figure, "words"))
    dotted = [line for line in figure.data if "markers" in (line.mode or "")]
    assert dotted
    dots = [path.get("d") for path in drawn.iter(f"{SVG}path") if path.get("stroke-linecap")]
    assert [each.count("h0") for each in dots] == [len(line.x) for line in dotted]


def test_where_nothing_is_known_there_is_no_picture():
    figure = charts.fan(future())
    for line in figure.data:
        line.y = np.full(len(line.x), np.nan)
    assert charts.still(figure, "words") == ""

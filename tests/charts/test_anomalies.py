"""The figure of anomalies shows each alarm once, in the range that was expected."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast import charts
from cryptoforecast.types import Anomalies, Surprises
from tests.charts.examples import prices

ROWS = 300


def example(rare=(50, 150), moves=0.01, rows=ROWS, **changes):
    history = prices(rows + 100)
    close = history.candles["close"].to_numpy(float)[-rows:]
    rarity = np.full(rows, 2.0)
    rarity[list(rare)] = 1000.0 + np.arange(len(rare))
    surprises = Surprises(
        history, "stack", range(100, rows + 100), np.full(rows, moves), close * 0.99, close * 1.01,
        rarity, rarity, 24, np.where(np.arange(rows) % 30 == 0, 4.0, 1.0),
    )  # fmt: skip
    return Anomalies(dataclasses.replace(surprises, **changes), 1.0)


def test_each_alarm_is_a_diamond_at_its_close_and_a_mark_below():
    result = example()
    low, high, line, diamonds, alarms, spikes = charts.anomalies(result).data
    each = result.surprises
    assert diamonds.marker.symbol == "diamond"
    assert diamonds.y.tolist() == each.close[[50, 150]].tolist()
    assert diamonds.x.tolist() == line.x[[50, 150]].tolist() == alarms.x.tolist()
    assert diamonds.x[0] == str(each.closes_at[50].tz_localize(None)).replace(" ", "T")[:16]
    assert len(spikes.x) == 10
    assert {alarms.yaxis, spikes.yaxis} == {"y2"}
    assert low.y == pytest.approx(each.low, rel=1e-6)
    assert high.y == pytest.approx(each.high, rel=1e-6)


def test_a_card_has_the_title_so_the_figure_has_none():
    figure = charts.anomalies(example())
    assert figure.layout.title.text is None
    assert not figure.layout.showlegend
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.tickformat.startswith("$")


def test_labels_do_not_stand_on_one_another_and_the_rarest_has_one():
    notes = charts.anomalies(example(rare=(50, 52, 54, 200))).layout.annotations
    texts = [note.text for note in notes]
    assert texts[0] == "<b>1 in 1,000</b>"
    assert len(notes) == 2
    many = charts.anomalies(example(rare=range(0, ROWS, 3))).layout.annotations
    assert 3 <= len(many) <= 6


def test_a_label_stands_on_the_free_side():
    result = example(rare=(150,))
    close = result.surprises.history.candles["close"]
    for side in (1, -1):
        candles = result.surprises.history.candles.copy()
        candles["close"] = 30_000 - side * np.linspace(-1, 1, len(close)) ** 2 * 5_000
        candles.iloc[250, candles.columns.get_loc("close")] = 30_000
        history = dataclasses.replace(result.surprises.history, candles=candles)
        (note,) = charts.anomalies(example(rare=(150,), history=history)).layout.annotations
        assert np.sign(note.yshift) == side


def test_a_label_near_an_edge_stays_in_a_narrow_chart():
    notes = charts.anomalies(example(rare=(3, 150, 297))).layout.annotations
    assert {note.xanchor for note in notes} == {"left", "center", "right"}
    assert min(notes, key=lambda note: note.x).xanchor == "left"
    assert max(notes, key=lambda note: note.x).xanchor == "right"


def test_a_long_history_is_thinned_and_keeps_its_alarms():
    result = example(rare=(17, 8_001), rows=9_000)
    figure = charts.anomalies(result)
    assert len(figure.data[2].x) < 2_100
    assert set(figure.data[3].x) <= set(figure.data[2].x)
    assert len(figure.to_json()) < 400_000


def test_the_colours_follow_the_page():
    light, dark = (charts.anomalies(example(), dark=dark) for dark in (False, True))
    assert light.data[2].line.color != dark.data[2].line.color
    assert light.data[3].marker.color == dark.data[3].marker.color


def test_the_summary_says_the_same():
    words = charts.summary_anomalies(example())
    assert words.startswith(
        "2 surprising hours in 12 days, 0.42 expected. The rarest was 1 in 1,000"
    )
    assert "The spike rule, which promises as many, fired 10 times." in words
    assert "rarest" not in charts.summary_anomalies(example(rare=()))
    figure = charts.anomalies(example(rare=()))
    assert len(figure.data[3].x) == len(figure.layout.annotations) == 0

"""The forest of a leaderboard: rows in order, intervals as measured, words that follow them."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.leaderboard import forest, interval_text, skill_text, summary_leaderboard
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.leaderboard import METRICS, leaderboard
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest, Leaderboard, Standing
from tests import synthetic

NAN = math.nan


@pytest.fixture(scope="module")
def result() -> Backtest:
    spec = specs.make(network="har", horizon=2)
    return backtest.holdout(
        synthetic.history(800, simulated=True), spec, baselines=("naive", "cone", "drift", "har")
    )


BOARD = Leaderboard(
    "pinball", 2, "naive", 1234,
    (
        Standing("lstm", 0.0050, 0.10, 0.08, 0.12, 0.0001, 0.0003),
        Standing("cone", 0.0054, 0.04, -0.01, 0.09, 0.1, 0.1),
        Standing("naive", 0.0056, 0.0, NAN, NAN, NAN, NAN),
        Standing("dense", 0.11, -18.6, -20.0, -17.0, 0.0, 0.0),
        Standing("broken", NAN, NAN, NAN, NAN, NAN, NAN),
    ),
)  # fmt: skip


def row(figure, name):
    return next(trace for trace in figure.data if trace.name.startswith(name))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_figure_and_a_sentence(result, metric, dark):
    board = leaderboard(result, metric)
    figure = forest(result, board, dark=dark)
    assert figure.layout.font.color == style.theme(dark).ink
    assert figure.layout.paper_bgcolor == style.CLEAR
    assert "Simulated prices" in figure.layout.title.subtitle.text
    assert len(figure.data) == len(board.standings)
    assert len(json.loads(figure.to_json())["data"]) == 4
    assert len(figure.to_json()) < 300_000
    text = summary_leaderboard(result, board)
    assert text.startswith(charts.METRIC_NAMES[metric])
    assert "nan" not in text


def test_the_best_stands_on_top_with_its_interval(result):
    figure = forest(result, BOARD)
    assert [trace.name for trace in figure.data][::-1] == [
        "lstm", "cone", "naive (reference)", "dense", "broken",
    ]  # fmt: skip
    best = row(figure, "lstm")
    assert best.x[0] == pytest.approx(10)
    assert best.error_x.array[0] == pytest.approx(2)
    assert best.error_x.arrayminus[0] == pytest.approx(2)
    assert best.error_x.symmetric is False
    assert "10.0 %" in best.text[0]
    assert "+8.0 % to +12.0 %" in best.hovertemplate


def test_what_is_more_than_chance_is_filled_and_coloured(result):
    figure = forest(result, BOARD)
    look = {trace.name: (trace.marker.symbol, trace.marker.color) for trace in figure.data}
    assert look["lstm"] == ("diamond", style.LIGHT.forecast)
    assert look["dense"] == ("diamond", style.LIGHT.worse)
    assert look["cone"] == ("circle-open", style.LIGHT.rule)


def test_a_hopeless_row_does_not_squeeze_the_others(result):
    dense = row(forest(result, BOARD), "dense")
    assert dense.x[0] == -50
    assert dense.text[0] == "-1860 %"


def test_the_sentence_names_who_is_better_and_worse_by_more_than_chance(result):
    text = summary_leaderboard(result, BOARD)
    assert "2 hours ahead: lstm comes first of 4." in text
    assert "Better than naive by more than chance: lstm (10.0 %)." in text
    assert "Worse than naive by more than chance: dense (1860 %)." in text
    assert "cone" not in text


def test_the_sentence_is_about_chance_or_too_few_forecasts(result):
    even = replace(BOARD, standings=BOARD.standings[1:3])
    assert "None differs from naive" in summary_leaderboard(result, even)
    few = replace(BOARD, standings=(replace(BOARD.standings[0], low=NAN, high=NAN),))
    assert "too few past forecasts" in summary_leaderboard(result, few)
    none = replace(BOARD, standings=BOARD.standings[4:])
    assert "defined for none" in summary_leaderboard(result, none)


def test_a_coverage_is_compared_with_its_promise(result):
    board = Leaderboard(
        "coverage_80", 1, "naive", 1234,
        (
            Standing("cone", 0.80, 0.001, -0.01, 0.012, 0.8, 0.8),
            Standing("naive", 0.88, 0.08, 0.07, 0.09, 0.0, 0.0),
        ),
    )  # fmt: skip
    text = summary_leaderboard(result, board)
    assert "Off the promise by more than chance: naive." in text
    figure = forest(result, board)
    assert "promise" in figure.layout.xaxis.title.text
    assert row(figure, "naive").marker.color == style.LIGHT.worse
    held = replace(board, standings=board.standings[:1])
    assert "No band is off its promise" in summary_leaderboard(result, held)


def test_a_skill_is_in_per_cent_and_a_coverage_in_points():
    coverage = replace(BOARD, metric="coverage_80")
    assert [skill_text(BOARD, skill) for skill in (0.1, -0.0004, NAN)] == [
        "+10.0 %",
        "-0.04 %",
        "–",
    ]
    assert [skill_text(coverage, skill) for skill in (0.012, NAN)] == ["+1.2 points", "–"]
    standing = Standing("cone", 0.1, 0.04, -0.01, 0.09, 0.1, 0.1)
    assert interval_text(BOARD, standing) == "-1.0 % to +9.0 %"
    assert interval_text(coverage, standing) == "-1.0 to +9.0 points"
    assert interval_text(BOARD, replace(standing, low=NAN)) == "–"


@pytest.mark.parametrize(("p_holm", "text"), [(0.0499, "Better"), (0.05, "None differs")])
def test_significant_is_below_five_per_cent(result, p_holm, text):
    leader = replace(BOARD.standings[0], p_holm=p_holm)
    board = replace(BOARD, standings=(leader, *BOARD.standings[1:3]))
    assert text in summary_leaderboard(result, board)
    mark = "diamond" if p_holm < 0.05 else "circle-open"
    assert row(forest(result, board), "lstm").marker.symbol == mark
    mirrored = replace(leader, skill=-leader.skill, low=-leader.high, high=-leader.low)
    board = replace(board, standings=(*BOARD.standings[1:3], mirrored))
    assert text.replace("Better", "Worse") in summary_leaderboard(result, board)
    assert row(forest(result, board), "lstm").marker.symbol == mark
    board = replace(board, metric="coverage_80")
    off = "Off the promise" if p_holm < 0.05 else "No band is off"
    assert off in summary_leaderboard(result, board)


def test_an_interval_that_begins_at_the_reference_is_within_chance(result):
    leader = replace(BOARD.standings[0], low=0.0)
    board = replace(BOARD, standings=(leader, *BOARD.standings[1:3]))
    assert "None differs" in summary_leaderboard(result, board)
    assert row(forest(result, board), "lstm").marker.symbol == "circle-open"


def test_every_row_can_be_seen(result):
    low, high = forest(result, BOARD).layout.yaxis.range
    assert -1 < low < 0
    assert len(BOARD.standings) - 1 < high < len(BOARD.standings)


def test_each_row_has_its_height(result):
    heights = [
        forest(result, replace(BOARD, standings=BOARD.standings[:rows])).layout.height
        for rows in (1, 2, 3)
    ]
    assert heights[2] - heights[1] == heights[1] - heights[0] >= 30

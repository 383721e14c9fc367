"""The words of a leaderboard follow from its intervals, and so does its figure."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cryptoforecast import charts, html_report
from cryptoforecast.charts import style
from cryptoforecast.charts.leaderboard import interval_text, skill_text, summary_leaderboard
from cryptoforecast.cli import text
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.leaderboard import METRICS, leaderboard
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest, Leaderboard, Standing
from tests import synthetic

NAN = math.nan
COVERAGES = ("coverage_80", "coverage_95")


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


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_figure_and_a_sentence(result, metric, dark):
    board = leaderboard(result, metric)
    figure = charts.skills(board, [result.predictor], dark=dark)
    assert figure.layout.font.color == style.theme(dark).ink
    assert figure.layout.paper_bgcolor == style.CLEAR
    assert len(figure.layout.yaxis.ticktext) == len(board.standings) - (metric not in COVERAGES)
    assert len(figure.to_json()) < 300_000
    words = summary_leaderboard(result, board)
    assert words.startswith(charts.METRIC_NAMES[metric])
    assert "nan" not in words


def test_the_sentence_names_who_is_better_and_worse_by_more_than_chance(result):
    words = summary_leaderboard(result, BOARD)
    assert "2 hours ahead: the LSTM network comes first of 4." in words
    assert (
        "Better than “the price stays put” by more than chance: the LSTM network (10.0 %)." in words
    )
    assert (
        "Worse than “the price stays put” by more than chance: the dense network (1,860 %)."
        in words
    )
    assert "cone" not in words


def test_the_sentence_is_about_chance_or_too_few_forecasts(result):
    even = replace(BOARD, standings=BOARD.standings[1:3])
    assert "None differs from “the price stays put”" in summary_leaderboard(result, even)
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
    words = summary_leaderboard(result, board)
    assert "Off the promise by more than chance: “the price stays put”." in words
    notes = [each.text for each in charts.skills(board).layout.annotations]
    assert notes == ["as promised", "← holds less", "holds more →"]
    first = replace(board, standings=board.standings[:1])
    assert "No range is off its promise" in summary_leaderboard(result, first)


def test_a_skill_is_in_per_cent_and_a_coverage_in_points():
    coverage = replace(BOARD, metric="coverage_80")
    standing = Standing("cone", 0.1, 0.04, -0.01, 0.09, 0.1, 0.1)
    undefined = replace(standing, skill=NAN, low=NAN)
    small = replace(standing, skill=-0.0004)
    written = [skill_text(BOARD, each) for each in (standing, small, undefined)]
    assert written == ["+4.0 %", "-0.04 %", "–"]
    assert [skill_text(coverage, each) for each in (standing, undefined)] == ["+4.0 points", "–"]
    assert interval_text(BOARD, standing) == "-1.0 to +9.0 %"
    assert interval_text(coverage, standing) == "-1.0 to +9.0 points"
    assert interval_text(BOARD, undefined) == "–"


ENDS = st.one_of(st.just(0.0), st.floats(1e-9, 1), st.floats(-30, -1e-9))


@given(st.lists(ENDS, min_size=3, max_size=3).map(sorted), st.floats(0, 1), st.floats(0, 1))
@example([0.0000004, 0.02, 0.03], 0.04, 0.8)  # with one decimal, from 0.0 %
@example([-0.01, 0.02, 0.03], 0.001, 0.002)  # the p-values alone would be significant
@example([0.01, 0.02, 0.03], 0.9, 0.9)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("metric", ["mae", "coverage_80"])
def test_words_marks_and_tables_agree_with_the_interval_that_is_shown(
    result, metric, ends, p_value, p_holm
):
    low, skill, high = ends
    standing = Standing("lstm", 0.9, skill, low, high, p_value, p_holm)
    reference = replace(BOARD.standings[2], value=1.0)
    board = Leaderboard(metric, 2, "naive", 1234, (standing, reference))
    first, last = map(float, interval_text(board, standing).split(" ")[:3:2])
    outside = first > 0 or last < 0
    words = summary_leaderboard(result, board)
    assert ("by more than chance: the LSTM" in words) is outside
    # The line in the figure leaves out the vertical one then, unless it is too far for a line.
    for line in [each for each in charts.skills(board).data if each.mode == "lines"][:1]:
        assert (min(line.x) > 0 or max(line.x) < 0) is outside
    if outside and metric == "mae":
        assert ("Better" if first > 0 else "Worse") in words
    table = html_report.standings(board, "USD").iloc[0]
    assert list(table.index) == [
        "Predictor", charts.METRIC_NAMES[metric],
        "Better than “the price stays put”" if metric == "mae" else "Off the promise",
        "95 % interval, corrected",
    ]  # fmt: skip
    assert table["95 % interval, corrected"] == interval_text(board, standing)
    # The command line says the same.
    line = next(each for each in text.leaderboard(board).splitlines() if each.startswith("lstm"))
    assert line.endswith(("better", "worse", "off")) is outside
    first, last = map(float, re.search(r"(\S+) to (\S+)", line).groups())
    assert (first > 0 or last < 0) is outside


def test_an_interval_that_begins_at_the_reference_is_within_chance(result):
    leader = replace(BOARD.standings[0], low=0.0)
    board = replace(BOARD, standings=(leader, *BOARD.standings[1:3]))
    assert "None differs" in summary_leaderboard(result, board)

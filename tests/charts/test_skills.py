"""The dots of a leaderboard: left is better, the chosen one in blue, the far ones as arrows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cryptoforecast.charts import headline, rank, skills, style, summary_best, summary_coins
from cryptoforecast.types import Leaderboard, Standing


def standing(name: str, skill: float, half: float = 0.01, p: float = 0.5) -> Standing:
    return Standing(name, 100.0, skill, skill - half, skill + half, p, p)


BOARD = Leaderboard(
    "mae",
    24,
    "naive",
    1728,
    (
        standing("har", 0.004),
        Standing("naive", 100.0, 0.0, math.nan, math.nan, math.nan, math.nan),
        standing("mine", -0.002),
        standing("drift", -0.004),
        standing("popular", -0.9, 0.1, p=0.0),
    ),
)


def dots(figure):
    return {
        trace.hovertemplate.split(":")[0]: trace for trace in figure.data if "markers" in trace.mode
    }


@pytest.mark.parametrize("dark", [False, True])
def test_dots_lie_left_of_the_reference_where_the_error_is_smaller(dark):
    figure, colours = skills(BOARD, ["mine"], dark=dark), style.theme(dark)
    by_name = dots(figure)
    assert by_name["HAR regression"].x[0] == pytest.approx(-0.4)
    assert by_name["mine"].x[0] == pytest.approx(0.2)
    assert by_name["mine"].marker.color == colours.forecast
    assert by_name["Drifts on"].marker.color == colours.rule
    assert "Stays put" not in by_name  # it is the line
    labels = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert labels[3].startswith("HAR regression")  # the best on top
    assert colours.forecast_text in labels[2]
    words = [each.text for each in figure.layout.annotations]
    assert words == ["Stays put", "← misses less", "misses more →"]


def test_what_reaches_too_far_is_an_arrow_with_its_number():
    figure = skills(BOARD)
    low, high = figure.layout.xaxis.range
    far = dots(figure)["popular"]
    assert far.marker.symbol == "triangle-right"
    assert far.text[0].strip() == "90.0 % more"
    for trace in figure.data:
        assert all(low <= x <= high for x in trace.x)


def test_a_coverage_lies_beside_its_promise():
    board = Leaderboard("coverage_80", 1, "naive", 500, (standing("cone", -0.02),))
    figure = skills(board)
    assert dots(figure)["Volatility cone"].x[0] == pytest.approx(-2)
    assert [each.text for each in figure.layout.annotations] == [
        "as promised", "← holds less", "holds more →",
    ]  # fmt: skip


def test_a_board_of_undefined_values_draws_rows_without_dots():
    lost = Leaderboard("mae", 1, "naive", 0, (Standing("cone", *[math.nan] * 6),))
    figure = skills(lost)
    assert not figure.data
    assert len(figure.layout.yaxis.ticktext) == 1


def test_a_name_is_no_markup():
    hostile = Leaderboard("mae", 1, "naive", 9, (standing("<b>x</b><a href='//e'>", 0.1),))
    figure = skills(hostile, ["<b>x</b><a href='//e'>"])
    assert "<a" not in figure.layout.yaxis.ticktext[0]


def test_the_best_is_named_only_beyond_chance():
    def board(*others: Standing) -> Leaderboard:
        best = Standing("a", 1.0, 0.0, math.nan, math.nan, math.nan, math.nan)
        return Leaderboard("mae", 1, "a", 900, (best, *others))

    alike, worse = standing("b", -0.002), standing("c", -0.05, p=0.01)
    assert "may be chance" in summary_best(board(alike), "ab")
    assert summary_best(board(worse), "ac") == "a misses least, by more than chance"
    assert summary_best(board(alike, worse), "abc").startswith("a misses less than c; the rest")
    few = Standing("b", 1.0, -0.1, math.nan, math.nan, math.nan, math.nan)
    assert "Too few" in summary_best(board(few), "ab")


def test_the_headline_follows_the_intervals():
    assert headline(BOARD, "mine") == "Nothing beats “the price stays put” by more than chance"
    better = standing("har", 0.03)
    won = Leaderboard("mae", 1, "naive", 900, (better, standing("mine", 0.0)))
    assert headline(won, "har") == "HAR regression beats “the price stays put” by 3.0 %"
    assert headline(won, "mine") == "HAR regression beats “the price stays put”"
    both = Leaderboard("mae", 1, "naive", 900, (better, standing("drift", 0.02)))
    assert headline(both, "mine").endswith("Drifts on beat “the price stays put”")
    few = Leaderboard("mae", 1, "naive", 9, (Standing("har", 1.0, 0.1, *[math.nan] * 4),))
    assert headline(few, "har").startswith("Too few past forecasts")


def test_a_rank_is_in_words_and_given_to_what_differs_by_more_than_chance():
    ahead = Leaderboard("mae", 24, "naive", 1728, (standing("har", 0.04, p=0.0), *BOARD.standings))
    assert rank(ahead, "har") == "first of six"
    assert rank(BOARD, "har") == "level with “the price stays put”"
    assert rank(BOARD, "naive") == "second of five"
    assert rank(replace(BOARD, metric="coverage_80"), "har") == ""
    assert rank(BOARD, "popular") == "fifth of five"
    assert rank(BOARD, "absent") == ""


def test_what_equals_the_reference_does_not_set_the_scale():
    same = [standing(f"same-{i}", 0.0, 0.0) for i in range(3)]
    board = Leaderboard("mae", 1, "naive", 900, (*same, standing("mine", -0.004, 0.015)))
    figure = skills(board, ["mine"])
    assert dots(figure)["mine"].marker.symbol is None  # no arrow


def test_a_sentence_says_on_which_coins_a_model_wins():
    def sentence(*lows_and_highs: tuple[float, float]) -> str:
        rows = tuple(
            Standing(coin, 0.01, 0.0, low, high, 0.5, 0.5)
            for coin, (low, high) in zip(("BTC", "ETH", "SOL"), lows_and_highs, strict=False)
        )
        return summary_coins(Leaderboard("mape", 1, "naive", 900, rows))

    won, lost, even, few = (0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), (math.nan, math.nan)
    put = "“the price stays put”"
    assert sentence(won, won, won) == f"Beats {put} on each of these coins"
    assert sentence(won, even, lost) == f"Beats {put} on BTC, not on ETH and SOL"
    assert sentence(lost, lost) == f"Worse than {put} on each of these coins"
    assert sentence(even, lost) == f"Worse than {put} on ETH, and no better on the others"
    assert sentence(even, even) == f"No better than {put} on any of these coins"
    assert sentence(few, few).startswith("Too few past forecasts")

"""What the pages say of a test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from cryptoforecast.types import Comparison, Leaderboard, Outcome, Standing
from cryptoforecast.types.judgement import Judgement, Promise
from cryptoforecast.types.next_steps import Member
from cryptoforecast.ui import board_card, contest, judgement, trust


@pytest.mark.parametrize(
    ("share", "outcome", "answer"),
    [
        (0.79, "tie", "Yes, it held"),
        (0.76, "tie", "Roughly, it may be off by chance"),
        (0.7, "worse", "No, it is too narrow"),
        (0.9, "better", "No, it is too wide"),
        (math.nan, "unknown", "That can't be told yet"),
    ],
)
def test_whether_a_range_can_be_trusted_is_answered(
    share: float, outcome: Outcome, answer: str
) -> None:
    direction = Promise(math.nan, 0.5, "unknown")
    test = Judgement("tie", 1729, 1.0, 1.0, direction, Promise(share, 0.8, outcome))
    words, sentence = judgement.range_answer(test)
    assert words == answer
    expected = f"{100 * share:.0f} % of 1,729 prices ended inside the 80 % range."
    assert sentence == ("" if math.isnan(share) else expected)
    useful = "It tells how far, not where."
    other = "Its best guess was the last price, each time."
    assert judgement.line(test) == (useful if outcome == "tie" else other)


@pytest.mark.parametrize(
    ("outcome", "error", "text"),
    [
        ("tie", 99.98, "Guessing no change misses by as much."),
        ("better", 99.98, "Its miss is smaller, by less than 0.1 %."),
        ("worse", 100.02, "Its miss is larger, by less than 0.1 %."),
        ("better", 99, "It misses by 1.0 % less than guessing no change."),
    ],
)
def test_a_small_difference_beyond_chance_is_not_called_none(
    outcome: Outcome, error: float, text: str
) -> None:
    toss = Promise(0.5, 0.5, "tie")
    assert judgement.line(Judgement(outcome, 400, error, 100.0, toss, toss)) == text


@pytest.mark.parametrize(
    ("word", "skill", "text"),
    [
        ("tie", 1e-5, "Both errors are alike."),
        ("better", 1e-5, "Its error is smaller, by less than 0.1 %."),
        ("worse", -1e-5, "Its error is larger, by less than 0.1 %."),
    ],
)
def test_the_card_beside_a_leaderboard_says_the_same(word: str, skill: float, text: str) -> None:
    standing = Standing("har", 1.0, skill, skill, skill, 0.01, 0.01)
    board = Leaderboard("mae", 24, "naive", 400, (standing,))
    assert board_card._difference(board, standing, word) == text


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (5.0, "Both best guesses miss by as much. The error of its range is 2.0 % smaller."),
        (5.5, "Their misses may differ by chance. The error of its range is 2.0 % smaller."),
    ],
)
def test_a_better_range_does_not_make_the_misses_equal(other: float, text: str) -> None:
    comparison = Comparison("tie", 400, 5.0, other, "better", 0.02)
    assert contest._words(comparison, "USD", "the default")[1] == text


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ((1.0,), "Your LSTM"),
        ((0.06, 0.94), "Your LSTM 6 %, regression 94 %"),
        ((-0.1, 1.1), "Your LSTM with a regression"),
    ],
)
def test_how_much_of_a_forecast_is_ones_own_network_is_told(
    weights: Sequence[float], text: str
) -> None:
    names = ("lstm", "har")
    members = [Member(name, np.array([w])) for name, w in zip(names, weights, strict=False)]
    assert trust._made_of("LSTM", members) == text

"""What the pages say of a test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from cryptoforecast.types import Outcome
from cryptoforecast.types.judgement import Judgement, Promise
from cryptoforecast.types.next_steps import Member
from cryptoforecast.ui import judgement, trust


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

"""Scores of probabilities: equal to hand counts, and right about right and wrong forecasts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.probability_scores import (
    brier,
    calibration_bins,
    calibration_error,
    discrimination,
)
from cryptoforecast.types import Array


def events(seed: int = 0, rows: int = 4000) -> tuple[Array, Array]:
    """Return probabilities of three events at each origin, and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    probabilities = rng.random((rows, 3))
    return probabilities, rng.random((rows, 3)) < probabilities


def test_true_probabilities_are_calibrated() -> None:
    probabilities, happened = events()
    bins = calibration_bins(probabilities, happened, 1)
    assert len(bins) == 10
    assert sum(each.count for each in bins) == probabilities.size
    assert sum(each.happened.low <= each.probability <= each.happened.high for each in bins) >= 9
    assert calibration_error(probabilities, happened) < 0.02
    # The expectation of p (1 - p) for p uniform.
    assert brier(probabilities, happened) == pytest.approx(1 / 6, abs=0.01)


def test_overconfident_probabilities_are_not() -> None:
    probabilities, happened = events()
    sure = np.where(probabilities > 0.5, 1 - (1 - probabilities) / 3, probabilities / 3)
    first = calibration_bins(sure, happened, 1)[0]
    assert not first.happened.low <= first.probability <= first.happened.high
    assert calibration_error(sure, happened) > 0.1
    assert brier(sure, happened) > brier(probabilities, happened)


def test_scores_equal_a_hand_count() -> None:
    probabilities = np.array([[0.05, 0.15], [0.17, 1.0]])
    happened = np.array([[False, True], [False, True]])
    expected = (1 * 0.05 + 2 * abs(0.16 - 0.5) + 1 * 0) / 4
    assert calibration_error(probabilities, happened) == pytest.approx(expected)
    squares = [0.05**2, 0.85**2, 0.17**2, 0]
    assert brier(probabilities, happened) == pytest.approx(np.mean(squares))
    bins = calibration_bins(probabilities, happened, 1)
    assert [(each.probability, each.happened.value, each.count) for each in bins] == [
        (0.05, 0, 1), (pytest.approx(0.16), 0.5, 2), (1, 1, 1),
    ]  # fmt: skip


def test_events_of_one_origin_that_agree_count_as_one() -> None:
    rng = np.random.default_rng(1)
    alone = rng.random((3000, 1)) < 0.3
    apart = calibration_bins(np.full((3000, 1), 0.3), alone, 1)[0].happened
    repeated = np.repeat(alone, 4, axis=1)
    together = calibration_bins(np.full((3000, 4), 0.3), repeated, 1)[0].happened
    width = apart.high - apart.low
    assert together.high - together.low == pytest.approx(width, rel=0.25)


def test_undefined_probabilities_have_no_score() -> None:
    nothing = np.array([])
    assert math.isnan(brier(nothing, nothing))
    assert math.isnan(calibration_error(nothing, nothing))
    probabilities = np.array([0.5, math.nan])
    assert math.isnan(calibration_error(probabilities, np.array([True, False])))
    assert math.isnan(brier(probabilities, np.array([True, False])))


def test_discrimination_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(3)
    probabilities = rng.integers(0, 6, (60, 2)) / 5
    happened = rng.random((60, 2)) < probabilities
    areas = []
    for values, outcome in zip(probabilities.T, happened.T, strict=True):
        pairs = [
            (one > other) + 0.5 * (one == other)
            for one in values[outcome]
            for other in values[~outcome]
        ]
        areas.append(np.mean(pairs))
    assert discrimination(probabilities, happened) == pytest.approx(np.mean(areas))
    assert discrimination(np.full((60, 2), 0.3), happened) == 0.5
    assert math.isnan(discrimination(probabilities, np.ones((60, 2), dtype=bool)))

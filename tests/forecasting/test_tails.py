"""Rarities: right far out, learnt from the past alone, and of several candles together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from cryptoforecast.forecasting import probability, tails
from cryptoforecast.types import QUANTILES

RATES = (100, 300, 1000)


def ratios(logs):
    """How often outcomes are as rare as 1 in so many, over how often they should be."""
    return [float((logs <= -np.log(rate)).mean() * rate) for rate in RATES]


def uniform(rows, seed=0):
    return np.log(np.random.default_rng(seed).random(rows))


@pytest.fixture
def heavy():
    """Outcomes whose tail is heavier than forecast: 1 in 1,000 comes three times as often."""
    logs, edge = uniform(60_000), np.log(tails.EDGE)
    return np.where(logs < edge, edge + 1.4 * (logs - edge), logs)


@given(st.floats(-0.2, 0.2))
def test_both_directions_count(move):
    quantiles = np.linspace(-0.03, 0.05, len(QUANTILES))
    logs = tails.log_probabilities(np.array([move]), quantiles[None])[0]
    below, above = (
        way(np.array(move), quantiles) for way in (probability.below, probability.above)
    )
    assert np.exp(logs) == pytest.approx(2 * min(below, above), rel=1e-9)


def test_a_tail_that_is_heavier_than_forecast_is_corrected(heavy):
    assert ratios(heavy)[-1] > 2.5
    assert all(0.75 < ratio < 1.3 for ratio in ratios(tails.corrected(heavy)))


def test_a_tail_that_is_right_stays_about_as_it_is():
    assert all(0.75 < ratio < 1.25 for ratio in ratios(tails.corrected(uniform(60_000))))


def corrected_by_hand(logs, row, past_rows=8_000):
    """Correct one probability by the excess of those before it that are below 0.05."""
    edge = np.log(0.05)
    past = [edge - log for log in logs[max(0, row - past_rows) : row] if log < edge]
    mean = (100 * 1.2 + sum(past)) / (100 + len(past))
    return edge - np.log1p(0.05 * (edge - logs[row]) / (mean * 0.95)) / 0.05


def test_the_correction_is_that_of_a_hand_loop_over_the_past(heavy):
    logs, edge = heavy[:10_000], np.log(0.05)
    logs[1:4] = edge  # as rare as the edge is not beyond it
    corrections = tails.corrected(logs)
    rare = np.flatnonzero(logs < edge)
    for row in (*rare[:20], *rare[rare > 8_000]):
        assert corrections[row] == pytest.approx(corrected_by_hand(logs, row), rel=1e-9)


def test_what_is_not_rare_is_not_corrected(heavy):
    usual = heavy >= np.log(tails.EDGE)
    assert (tails.corrected(heavy)[usual] == heavy[usual]).all()


def test_corrections_keep_the_order_at_one_moment(heavy):
    past = heavy[:5000]
    logs = [tails.corrected(np.append(past, log))[-1] for log in (-3.1, -5.0, -9.0, -300.0)]
    assert logs == sorted(logs, reverse=True)
    assert np.isfinite(logs).all()


@pytest.mark.parametrize("count", [1, 24])
def test_later_outcomes_change_nothing_before_them(heavy, count):
    logs, rose = heavy[:3000], np.random.default_rng(1).random(3000) < 0.5
    other = logs.copy()
    other[2000:] = np.log(0.5) * 40
    turned = rose.copy()
    turned[2000:] = ~rose[2000:]

    def both(logs, rose):
        return np.array([tails.corrected(logs), tails.together(logs, rose, count)])

    before, after = both(logs, rose), both(other, turned)
    assert np.array_equal(before[:, :2000], after[:, :2000], equal_nan=True)
    assert not np.array_equal(before[:, 2000:], after[:, 2000:], equal_nan=True)


def test_unknown_outcomes_stay_unknown_and_teach_nothing(heavy):
    logs = heavy[:3000]
    gaps = np.insert(logs, [1000, 2000], np.nan)
    corrections = tails.corrected(gaps)
    assert np.isnan(gaps).sum() == np.isnan(corrections).sum() == 2
    assert corrections[np.isfinite(corrections)] == pytest.approx(tails.corrected(logs))
    both = tails.together(gaps, gaps < -1, 24)
    assert np.isnan(both[1000:1024]).all()
    assert np.isfinite(both[1024:1900]).all()


def test_a_day_of_small_moves_in_one_direction_is_rare_together():
    logs, rose = uniform(4000), np.random.default_rng(2).random(4000) < 0.5
    logs[3000:3024], rose[3000:3024] = np.log(0.15), True
    corrections = tails.together(logs, rose, 24)
    assert corrections[3023] < -np.log(10_000)
    assert logs[3000:3024].min() > -np.log(10)
    rose[3000:3024:2] = False
    assert tails.together(logs, rose, 24)[3023] > -np.log(2)


def test_together_is_as_rare_as_it_says_for_independent_outcomes():
    logs, rose = uniform(60_000, seed=3), np.random.default_rng(4).random(60_000) < 0.5
    assert all(0.6 < ratio < 1.4 for ratio in ratios(tails.together(logs, rose, 24)[24:])[:2])


def test_a_sum_is_measured_against_those_of_the_past_and_500_of_independent_outcomes():
    logs, rose = uniform(3000, seed=5), np.random.default_rng(6).random(3000) < 0.5
    found = tails.together(logs, rose, 6)
    scores = np.where(rose, -1, 1) * ndtri(np.exp(logs) / 2)
    sums = [scores[row - 5 : row + 1].sum() for row in range(3000) if row >= 5]
    usual = [row for row in range(5, 3000) if found[row] > np.log(tails.EDGE)]
    for row in (*usual[:40], *usual[-5:]):
        past = sums[: max(0, row - 10)]  # those that share no outcome with this one
        variance = (sum(each**2 for each in past) + 500 * 6) / (len(past) + 500)
        expected = 2 * ndtr(-abs(sums[row - 5]) / np.sqrt(variance))
        assert np.exp(found[row]) == pytest.approx(expected, rel=1e-9)


def test_only_the_last_sums_count(monkeypatch):
    monkeypatch.setattr(tails, "PAST_ROWS", 60)
    logs, rose = uniform(400, seed=7), np.random.default_rng(8).random(400) < 0.5
    found = tails.together(logs, rose, 5)
    scores = np.where(rose, -1, 1) * ndtri(np.exp(logs) / 2)
    sums = np.convolve(scores, np.ones(5), "valid")  # the first is of row 4
    shares = np.empty(400)
    for row in range(4, 400):
        ends = max(0, row - 4)
        past = [sums[each - 4] for each in range(max(0, ends - 60), ends) if each >= 4]
        variance = (sum(each**2 for each in past) + 500 * 5) / (len(past) + 500)
        shares[row] = 2 * ndtr(-abs(sums[row - 4]) / np.sqrt(variance))
    exact = np.log(shares[4:])
    rare = exact < np.log(0.05)
    assert rare.any()
    np.testing.assert_allclose(found[4:][~rare], exact[~rare], rtol=1e-9)
    for row in np.flatnonzero(rare):
        assert found[4 + row] == pytest.approx(corrected_by_hand(exact, row, 60), rel=1e-9)


def test_probabilities_too_small_for_a_number_are_1e_300():
    """A single one has two sides of it, and a sum of several can be no rarer."""
    single = tails.together(np.array([-1000.0]), np.array([True]), 1)
    expected = corrected_by_hand([np.log(2e-300)], 0)
    assert single == pytest.approx([expected], rel=1e-9)
    several = tails.together(np.full(4, -1000.0), np.ones(4, bool), 4)
    assert several[-1] == pytest.approx(corrected_by_hand([np.log(1e-300)], 0), rel=1e-9)


def test_fewer_outcomes_than_are_taken_together_say_nothing():
    assert np.isnan(tails.together(uniform(5), np.ones(5, bool), 24)).all()
    whole = tails.together(uniform(24), np.ones(24, bool), 24)
    assert np.isfinite(whole).tolist() == [False] * 23 + [True]

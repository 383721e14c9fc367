"""The verdict that may be looked at at any time."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from cryptoforecast.ledger import evidence, grading
from cryptoforecast.types import QUANTILES
from cryptoforecast.types.ledger_record import usual_sentence
from tests.ledger import making


def gathered(rows, shift=0.001):
    """Evidence of forecasts from these rows, with the forecasts and outcomes that count."""
    sums, counted = evidence.empty(3), []
    for row in rows:
        entry = making.forecast(row, shift=shift)
        outcome = making.outcome(1, entry)
        sums = evidence.add(sums, entry, outcome)
        counted.append((entry, outcome))
    return sums, counted


def by_hand(counted, step):
    """The logarithm of the process against the last price, by its definition."""
    bound, total, squares, count, base = 0.0, 0.0, 0.0, 0, 0.0
    for entry, outcome in counted:
        middle = math.log(entry.quantiles[step - 1, 4] / entry.last_close)
        actual = math.log(outcome.actual[step - 1] / entry.last_close)
        bound = max(bound, abs(middle))
        scaled = (abs(actual) - abs(actual - middle)) / (2 * bound)
        assert abs(scaled) <= 0.5 + 1e-9
        squares += (scaled - (total / count if count else 0)) ** 2
        total, count, base = total + scaled, count + 1, base + abs(actual) / (2 * bound)
    terms = [
        math.exp(rate * total - (-math.log(1 - rate) - rate) * squares)
        for rate in [0.95 * 0.5**k for k in range(12)]
    ]
    return count, total / base, sum(terms) / len(terms)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_process_equals_its_definition_on_forecasts_that_do_not_overlap(step):
    sums, counted = gathered(range(100, 300))
    verdict = evidence.verdicts(sums, step)[0]
    count, skill, e_value = by_hand(counted[::step], step)
    assert (verdict.against, verdict.forecasts) == ("naive", count)
    assert verdict.skill == pytest.approx(skill, rel=1e-6)
    assert verdict.e_value == pytest.approx(e_value, rel=1e-6)
    assert verdict.low <= verdict.skill <= verdict.high


def test_a_difference_of_pinball_losses_is_within_its_bound():
    for row in range(100, 200):
        entry = making.forecast(row)
        for base, own, bound in evidence._losses(entry, making.outcome(1, entry)):
            assert (np.abs(base - own) <= bound * (1 + 1e-9)).all()
    steepest = [max(level, 1 - level) for level in QUANTILES]
    np.testing.assert_allclose(evidence._STEEPEST, steepest)


def test_what_forecasts_as_the_other_gives_no_evidence():
    entry = making.forecast(shift=0)
    entry = dataclasses.replace(entry, cone=entry.quantiles)
    entry.quantiles[:, 4] = entry.last_close
    outcome = grading.grade(1, entry, making.HISTORY, entry.due_at)
    sums = evidence.add(evidence.empty(3), entry, outcome)
    for verdict in evidence.verdicts(sums, 1):
        assert verdict.forecasts == 0
        assert math.isnan(verdict.skill)
        assert not verdict.better
        assert not verdict.worse
    assert evidence.separate(sums, 1)[0] == 1


@pytest.mark.parametrize("step", [1, 3])
def test_the_usual_test_is_students_of_forecasts_that_do_not_overlap(step):
    sums, pairs = gathered(range(100, 300))
    for verdict in evidence.verdicts(sums, step):
        own, other = [], []
        for entry, outcome in pairs[::step]:
            if verdict.against == "naive":
                actual, middle = (
                    math.log(price[step - 1] / entry.last_close)
                    for price in (outcome.actual, entry.quantiles[:, 4])
                )
                own.append(abs(actual - middle))
                other.append(abs(actual))
            else:
                own.append(outcome.pinball[step - 1])
                other.append(outcome.pinball_cone[step - 1])
        expected = scipy.stats.ttest_rel(other, own)
        assert verdict.forecasts == len(own)
        assert verdict.usual.p_value == pytest.approx(expected.pvalue, rel=1e-6)
        assert np.sign(verdict.usual.difference) == np.sign(expected.statistic)
        assert verdict.usual.better == (expected.pvalue < 0.05 and expected.statistic > 0)
        assert verdict.usual.p_text in usual_sentence(verdict)


def test_the_usual_test_waits_for_enough_forecasts_that_vary():
    sums, _ = gathered(range(100, 119))
    verdict = evidence.verdicts(sums, 1)[0]
    assert math.isnan(verdict.usual.p_value)
    assert not verdict.usual.better
    assert usual_sentence(verdict).endswith("needs 20 forecasts that differ and do not overlap; "
                                            "there are 19.")  # fmt: skip
    sums, _ = gathered(range(100, 120))
    assert math.isfinite(evidence.verdicts(sums, 1)[0].usual.p_value)
    same = np.zeros((1, evidence.PART))
    for _ in range(50):
        same = evidence.with_difference(same, np.array([0.01]), np.array([0.009]), np.array([0.1]))
    assert math.isnan(evidence.usual_test(same[0]).p_value)


def claims(signal, markets, count, seed, look_every=0):
    """In how many markets each verdict is ever a claim, if one looks after every forecast.

    The forecasts know a share of the next move; at a half of it they are no better than the last
    price.

    Args:
        signal: Twice that share.
        markets: How many.
        count: Forecasts of each.
        seed: Of the markets.
        look_every: After how many forecasts the usual test is looked at; 0: never.

    Returns:
        The evidence, whether it ever was a claim, and whether the usual test ever was one.
    """
    rng = np.random.default_rng(seed)
    part = np.zeros((markets, evidence.PART))
    ever, usual = np.zeros(markets, bool), np.zeros(markets, bool)
    for number in range(1, count + 1):
        guess = rng.normal(0, 0.002, markets)
        actual = signal * guess + rng.normal(0, 0.01, markets)
        part = evidence.with_difference(part, np.abs(actual), np.abs(actual - guess), np.abs(guess))
        ever |= evidence.log_evidence(part) >= np.log(evidence.CLAIM)
        if look_every and number % look_every == 0:
            usual |= [evidence.usual_test(row).better for row in part]
    return part, ever, usual


def test_a_claim_is_an_interval_above_no_difference():
    part, _, _ = claims(1.5, 200, 300, 2)
    for row in part:
        verdict = evidence.verdict("naive", row)
        assert verdict.better == (verdict.e_value >= evidence.CLAIM)
        assert verdict.low <= verdict.skill <= verdict.high


def test_no_signal_is_hardly_ever_claimed_whenever_one_looks():
    """In 400 markets, looked at after each of 1,000 forecasts, 5 % would be allowed.

    The control: the usual test, looked at as if it were the same, claims several times as many as
    in one look at the end.
    """
    part, ever, usual = claims(0.5, 400, 1000, 0, look_every=20)
    assert ever.mean() <= 0.05
    at_the_end = np.mean([evidence.usual_test(row).better for row in part])
    assert at_the_end <= 0.05  # 2.5 % is right
    assert usual.mean() > 0.1
    assert usual.mean() > 2 * at_the_end


def test_a_signal_is_found():
    _, ever, _ = claims(4.0, 100, 600, 1)
    assert ever.mean() > 0.95

"""Bootstrap and Diebold-Mariano test equal slow versions; simulations measure their errors."""

import math

import numpy as np
import pytest
from scipy import stats

from cryptoforecast.evaluation import significance
from cryptoforecast.evaluation.significance import (
    block_length,
    diebold_mariano,
    few_blocks,
    lags,
    skill_interval,
    two_sided,
)


def losses(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.gamma(2, 50, n), rng.gamma(2, 50, n)


def slow_interval(own, base, length, seed, draws):
    """Resample by indexing row by row, with the generator's calls in the same order."""
    n = len(own)
    full, rest = divmod(n, length)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, n - length + 1, size=(draws, full))
    last = rng.integers(0, n - rest + 1, size=draws)
    skills = []
    for row, tail in zip(starts, last, strict=True):
        picked = [i for s in row for i in range(s, s + length)] + list(range(tail, tail + rest))
        assert len(picked) == n
        skills.append(1 - np.mean(own[picked]) / np.mean(base[picked]))
    return np.quantile(skills, [0.025, 0.975])


@pytest.mark.parametrize(("n", "horizon"), [(203, 1), (150, 9), (60, 40)])
def test_interval_equals_a_row_by_row_bootstrap(n, horizon):
    own, base = losses(n)
    skill, low, high = skill_interval(own, base, horizon, seed=3, draws=200)
    length = block_length(n, horizon)
    ends = slow_interval(own, base, length, 3, 200)
    assert skill == pytest.approx(1 - own.mean() / base.mean())
    wider = stats.t.ppf(0.975, n / length - 1) / stats.norm.ppf(0.975) / math.sqrt(1 - length / n)
    assert wider > 1
    assert [low, high] == pytest.approx(skill + wider * (ends - skill))
    assert low < skill < high


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 3, 40, 3000])
def test_with_blocks_of_one_the_interval_is_widened_as_that_of_a_mean(n, level):
    """Student's t for the normal quantile, and n - 1 for n under the variance."""
    expected = stats.t.ppf((1 + level) / 2, n - 1) / stats.norm.ppf((1 + level) / 2)
    assert few_blocks(n, 1, level) == pytest.approx(expected * math.sqrt(n / (n - 1)), rel=1e-9)


def test_few_blocks_make_an_interval_wider_and_many_do_not():
    assert few_blocks(500, 100, 0.95) == pytest.approx(2.776 / 1.96 / math.sqrt(0.8), rel=1e-3)
    assert few_blocks(14_000, 49, 0.95) == pytest.approx(1, abs=0.007)


def test_more_draws_than_are_gathered_at_once_are_drawn_in_turns():
    """A million blocks at once: 200,000 samples of 5 blocks, then the others."""
    n, length, draws = 40, 7, 201_000
    assert block_length(n, 1) == length
    own, base = losses(n)
    rng, skills = np.random.default_rng(0), []
    for count in (200_000, 1_000):
        starts = rng.integers(0, n - length + 1, size=(count, 5))
        last = rng.integers(0, n - 5 + 1, size=count)
        rows = [starts[:, [block]] + np.arange(length) for block in range(5)]
        picked = np.hstack([*rows, last[:, None] + np.arange(5)])
        skills.append(1 - own[picked].sum(axis=1) / base[picked].sum(axis=1))
    skill, low, high = skill_interval(own, base, 1, draws=draws, level=0.8)
    ends = np.quantile(np.concatenate(skills), [0.1, 0.9])
    expected = skill + few_blocks(n, length, 0.8) * (ends - skill)
    assert [low, high] == pytest.approx(expected, rel=1e-9)


def test_interval_is_repeatable_and_has_the_right_sign():
    _, base = losses(2000)
    better = base * 0.9 + losses(2000, seed=5)[1] * 0.01
    skill, low, high = skill_interval(better, base, 1)
    assert (skill, low, high) == skill_interval(better, base, 1)
    assert 0 < low < skill < high
    assert skill_interval(better, base, 1, level=0.5)[1] > low


def test_an_interval_has_2000_draws_of_seed_0_and_a_level_of_95_percent():
    own, base = losses(60)
    exact = skill_interval(own, base, 1, seed=0, draws=2000, level=0.95)
    assert skill_interval(own, base, 1) == exact


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
def test_the_unit_of_the_losses_does_not_matter(unit):
    own, base = losses(200)
    assert skill_interval(own * unit, base * unit, 3) == pytest.approx(skill_interval(own, base, 3))
    assert diebold_mariano(own * unit, base * unit, 3) == pytest.approx(
        diebold_mariano(own, base, 3)
    )


def test_paired_blocks_cancel_what_is_shared():
    _, base = losses(1000)
    assert skill_interval(base * 1.25, base, 1) == pytest.approx((-0.25, -0.25, -0.25))


def test_no_skill_is_above_one():
    own = np.full(30, 0.0)
    own[7] = 1.0
    skill, low, high = skill_interval(own, np.full(30, 1.0), 1)
    assert low < skill < high == 1


def test_one_origin_has_a_skill_and_no_interval():
    skill, low, high = skill_interval(np.array([1.0]), np.array([2.0]), 1)
    assert skill == 0.5
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize("losses", [([], []), ([1.0], [0.0]), ([math.nan, 1.0], [1.0, 1.0])])
def test_undefined_skill_is_nan(losses):
    own, base = map(np.array, losses)
    assert all(math.isnan(value) for value in skill_interval(own, base, 1))


def test_blocks_are_drawn_together_and_not_one_sample_at_a_time(monkeypatch):
    calls = []

    class Counted:
        def __init__(self, seed):
            self.generator = np.random.Generator(np.random.PCG64(seed))

        def integers(self, *args, **settings):
            calls.append(args)
            return self.generator.integers(*args, **settings)

    own, base = losses(14_244)
    expected = skill_interval(own, base, 24)
    monkeypatch.setattr(np.random, "default_rng", Counted)
    assert skill_interval(own, base, 24) == expected
    assert len(calls) == 2


def test_block_length_follows_sample_and_horizon():
    assert [block_length(n, 1) for n in (729, 730, 999, 1000, 1001)] == [18, 19, 20, 20, 21]
    assert block_length(1000, 24) == 96
    assert block_length(1000, 96) == 200
    assert block_length(20, 48) == 4
    assert block_length(1, 1) == 1


@pytest.mark.parametrize(
    ("n", "horizon", "count"),
    [(100, 1, 4), (1000, 1, 6), (14_244, 1, 12), (1000, 2, 6), (1000, 3, 8), (1000, 24, 92),
     (100, 24, 20), (24, 24, 4), (4, 1, 0), (20, 1, 2),
     (99, 1, 3), (272, 1, 4), (273, 1, 5), (620, 1, 5), (621, 1, 6)],
)  # fmt: skip
def test_lags_follow_sample_and_horizon(n, horizon, count):
    assert lags(n, horizon) == count


def test_two_origins_are_enough_for_an_interval_and_a_p_value():
    own, base = np.array([1.0, 2.0]), np.array([2.0, 5.0])
    assert all(map(math.isfinite, skill_interval(own, base, 1)))
    assert diebold_mariano(own, base, 1) == pytest.approx(stats.ttest_rel(own, base).pvalue)


@pytest.mark.parametrize("horizon", [1, 4])
def test_diebold_mariano_equals_a_hand_loop(horizon):
    own, base = losses(120, seed=1)
    n, d = len(own), own - base
    mean, count = d.mean(), lags(n, horizon)
    variance = sum((x - mean) ** 2 for x in d) / n
    for lag in range(1, count + 1):
        gamma = sum((d[t] - mean) * (d[t - lag] - mean) for t in range(lag, n)) / n
        variance += 2 * (1 - lag / (count + 1)) * gamma
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = math.sqrt(correction) * mean / math.sqrt(variance / n)
    expected = 2 * stats.t.sf(abs(statistic), n / (count + 1) - 1)
    assert diebold_mariano(own, base, horizon) == pytest.approx(expected)


def test_diebold_mariano_without_lags_is_the_paired_t_test(monkeypatch):
    monkeypatch.setattr(significance, "lags", lambda n, horizon: 0)
    own, base = losses(50)
    # With h = 1 the correction (n - 1) / n makes the variance the unbiased one.
    assert diebold_mariano(own, base, 1) == pytest.approx(stats.ttest_rel(own, base).pvalue)


@pytest.mark.parametrize("freedom", [1, 2, 3, 30, 479, 14_244, 1_000_000])
def test_the_p_value_is_that_of_students_t(freedom):
    for statistic in (0.0, 1e-6, 0.3, 1.0, 1.732, 1.96, 2.5, 8.0, 30.0):
        expected = 2 * stats.t.sf(statistic, freedom)
        assert two_sided(statistic, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-290)
        assert two_sided(-statistic, freedom) == two_sided(statistic, freedom)


def test_diebold_mariano_is_two_sided_and_symmetric():
    own, base = losses(300)
    assert diebold_mariano(own, base, 1) == pytest.approx(diebold_mariano(base, own, 1))
    assert diebold_mariano(own + 60, base, 1) < 1e-3
    assert diebold_mariano(own - 60, base, 1) < 1e-3


@pytest.mark.parametrize(
    ("own", "base", "horizon"),
    [
        (losses(50)[0], losses(50)[0], 1),
        (losses(50)[0] + 0.1, losses(50)[0], 1),
        (np.array([1.0]), np.array([2.0]), 1),
        (np.array([]), np.array([]), 1),
        (*losses(8), 8),
        (np.full(40, math.nan), losses(40)[0], 1),
    ],
    ids=["identical", "constant", "one", "none", "correction", "missing"],
)
def test_undefined_p_value_is_nan(own, base, horizon):
    assert math.isnan(diebold_mariano(own, base, horizon))


def test_a_constant_difference_is_told_from_one_that_hardly_varies():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        base = rng.gamma(2, 50, 30 + 5 * seed) * 10.0 ** rng.integers(-9, 9)
        for horizon in (1, 3):
            own = base + base.mean() * rng.uniform(0.01, 3)
            assert math.isnan(diebold_mariano(own, base, horizon))
            hardly = own + 1e-11 * base.mean() * rng.standard_normal(len(base))
            assert diebold_mariano(hardly, base, horizon) < 1e-3


@pytest.mark.parametrize(
    ("own", "base"),
    [
        ([1.0, 2.0, 4.0, 3.0], [0.0, 0.0, 0.0, 0.0]),
        ([1.0, 2.0, 4.0, 3.0], [2.0, 3.0, 5.0, 4.0]),
        ([1.0], [2.0]),
        ([math.nan, 1.0, 2.0], [2.0, 1.0, 4.0]),
    ],
    ids=["no loss", "constant", "one", "missing"],
)
def test_an_undefined_interval_of_a_difference_is_nan(own, base):
    ends = significance.difference_interval(np.array(own), np.array(base), 1, 0.95)
    assert all(map(math.isnan, ends))


@pytest.mark.parametrize(("n", "horizon"), [(400, 1), (600, 6), (480, 24)])
def test_size_under_the_null_is_about_five_per_cent(n, horizon):
    rng = np.random.default_rng(7)
    rejected = covered = 0
    for _ in range(300):
        noise = rng.standard_normal((2, n + horizon - 1))
        overlapping = [np.convolve(row, np.ones(horizon), "valid") for row in noise]
        own, base = np.abs(overlapping)
        rejected += diebold_mariano(own, base, horizon) < 0.05
        _, low, high = skill_interval(own, base, horizon, draws=300)
        covered += low <= 0 <= high
    assert 0.02 <= rejected / 300 <= 0.08
    assert 0.92 <= covered / 300 <= 0.98


@pytest.mark.parametrize("better", [0.1, -0.1])
def test_the_interval_of_a_difference_is_what_the_test_does_not_reject(better: float) -> None:
    rng = np.random.default_rng(5)
    base = 2 + rng.random(400)
    losses = base * (1 - better) + 0.3 * rng.standard_normal(400)
    low, high = significance.difference_interval(losses, base, 1, 0.95)
    skill = 1 - losses.mean() / base.mean()
    assert low < skill < high
    assert (low + high) / 2 == pytest.approx(skill)
    small = significance.difference_interval(1e-6 * losses, 1e-6 * base, 1, 0.95)
    assert small == pytest.approx((low, high))
    for end in (low, high):  # a difference of this size would just not be rejected
        shifted = losses + end * base.mean()
        assert significance.diebold_mariano(shifted, base, 1) == pytest.approx(0.05, abs=1e-6)

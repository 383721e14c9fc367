"""Differences between hours and weekdays are told from chance."""

import math

import numpy as np
import pytest

from cryptoforecast.evaluation import clock_chance
from tests.evaluation.test_diagnostics import of_residuals

HOURS = np.arange(24 * 70)


def noise(seed: int, ahead: int = 1) -> np.ndarray:
    """Errors whose size comes and goes over days; those of overlapping forecasts add up."""
    rng = np.random.default_rng(seed)
    size, logs = 0.0, np.empty(len(HOURS) + ahead)
    for i, shock in enumerate(0.1 * rng.standard_normal(len(logs))):
        logs[i] = size = 0.98 * size + shock
    walk = np.cumsum(0.005 * np.exp(logs) * rng.standard_normal(len(logs)))
    return walk[ahead:] - walk[:-ahead]


def share_claimed(ahead: int, unit: clock_chance.Unit) -> float:
    chances = [
        clock_chance.measure(of_residuals(noise(seed, ahead)), 1, unit) for seed in range(60)
    ]
    return float(np.mean(np.array(chances) <= 0.05))


@pytest.mark.parametrize("ahead", [1, 24])
@pytest.mark.parametrize("unit", ["hour", "weekday"])
def test_what_is_not_there_is_seldom_claimed(ahead: int, unit: clock_chance.Unit) -> None:
    # Of 60 with a chance of 5 % each, 8 or fewer come in 99.5 % of cases (binomial).
    assert share_claimed(ahead, unit) <= 8 / 60


def test_what_is_there_is_found() -> None:
    of_day = 1 + 0.6 * np.sin(2 * np.pi * HOURS / 24)
    of_week = 1 + 0.6 * np.sin(2 * np.pi * HOURS / 168)
    for seed in range(5):
        by_day, by_week = (of_residuals(noise(seed) * each) for each in (of_day, of_week))
        assert clock_chance.measure(by_day, 1, "hour") == 1 / 500
        assert clock_chance.measure(by_day, 1, "weekday") > 0.05
        assert clock_chance.measure(by_week, 1, "weekday") < 0.05


def by_hand(errors: np.ndarray, unit: clock_chance.Unit) -> float:
    """Shift the errors of each day, or the mean ones of each week, with the same seed."""
    hours = np.arange(1, len(errors) + 1)  # Monday, 1 January 2024; an hour after the origin
    block, place = (hours // 24, hours % 24) if unit == "hour" else (hours // 168, hours // 24 % 7)
    places = 24 if unit == "hour" else 7
    known = np.isfinite(errors)
    table = np.full((block[-1] + 1, places), np.nan)
    for row, column in np.ndindex(table.shape):
        some = np.abs(errors[(block == row) & (place == column) & known])
        if len(some):
            table[row, column] = some.mean()

    def apart(table: np.ndarray) -> float:
        return float(np.ptp(np.nanmean(table[:, np.isfinite(table).any(axis=0)], axis=0)))

    measured, rng, count = apart(table), np.random.default_rng(0), 0
    for _ in range(499):
        shifts = rng.integers(places, size=len(table))
        shifted = np.array([np.roll(row, -by) for row, by in zip(table, shifts, strict=True)])
        count += apart(shifted) >= measured - 1e-12
    return (1 + count) / 500


@pytest.mark.parametrize(("unit", "days"), [("hour", 6), ("weekday", 37)])
def test_the_chance_is_that_of_a_hand_count(unit: clock_chance.Unit, days: int) -> None:
    errors = noise(2)[: 24 * days]
    errors[[7, 30, 31]] = np.nan
    chance = clock_chance.measure(of_residuals(errors), 1, unit)
    assert 0.01 < chance < 0.99
    assert chance == pytest.approx(by_hand(errors, unit), abs=1e-12)


def test_hours_that_no_shifted_day_has_are_left_out() -> None:
    """Of each day every sixth hour is known, and of the next day that of an hour later."""
    hours = np.arange(1, 24 * 9)
    errors = np.where((hours + hours // 24) % 6 == 0, noise(5)[: len(hours)], np.nan)
    chance = clock_chance.measure(of_residuals(errors), 1, "hour")
    assert 0.01 < chance < 0.99
    assert chance == pytest.approx(by_hand(errors, "hour"), abs=1e-12)


def test_one_large_error_belongs_to_no_hour() -> None:
    """Wherever its day is shifted, the means differ as much but for rounding."""
    errors = np.full(24 * 10 - 1, 0.01)
    errors[:23] = np.nan  # the first day has no first hour
    errors[100] = 0.07
    assert clock_chance.measure(of_residuals(errors), 1, "hour") == 1


def test_two_candles_a_day_are_enough_to_compare() -> None:
    halves = of_residuals(noise(3) * (1 + (HOURS % 24 < 12)))[::12]
    assert clock_chance.measure(halves, 1, "hour") < 0.05
    assert math.isnan(clock_chance.measure(halves[::2], 1, "hour"))


def test_errors_that_are_all_the_same_differ_by_chance() -> None:
    assert clock_chance.measure(of_residuals(np.full(24 * 20, 0.01)), 1, "hour") == 1


def test_hours_without_an_outcome_are_no_errors_of_another_size() -> None:
    missing = np.random.default_rng(4).random(24 * 40) < 0.3
    holes = of_residuals(np.where(missing, np.nan, 0.01))
    assert clock_chance.measure(holes, 1, "hour") == 1


def test_a_few_days_or_one_hour_alone_tell_nothing() -> None:
    assert math.isnan(clock_chance.measure(of_residuals(noise(0)[: 24 * 4 - 1]), 1, "hour"))
    assert not math.isnan(clock_chance.measure(of_residuals(noise(0)[: 24 * 5 - 1]), 1, "hour"))
    assert math.isnan(clock_chance.measure(of_residuals(noise(0)[: 24 * 20]), 1, "weekday"))
    assert not math.isnan(clock_chance.measure(of_residuals(noise(0)[: 24 * 20]), 1, "hour"))


def test_an_hour_that_is_known_once_counts() -> None:
    """Of three weeks, the hours from 10 to 12 were seen on the last day alone."""
    errors = noise(1)[: 24 * 21]
    hours = np.arange(len(errors)) % 24
    missing = np.isin(hours, (10, 11, 12)) & (np.arange(len(errors)) < 24 * 20)
    share = clock_chance.measure(of_residuals(np.where(missing, np.nan, errors)), 1, "hour")
    assert 0 < share <= 1

"""The leak lab: leaks lift the test alone, and only what is there to find lifts both."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cryptoforecast.lessons import coin_tosses, leaks
from cryptoforecast.types import Cheats

SEEDS = (0, 1)
#: Three standard errors of a share of some 760 independent weeks in each of the two markets.
CHANCE = 0.04


@pytest.fixture(scope="module")
def scores() -> dict[Cheats, tuple[float, float]]:
    """Mean score in the test and on the untouched days, by what is switched on."""
    return {Cheats(*each): _mean(Cheats(*each)) for each in product((False, True), repeat=3)}


def _mean(cheats: Cheats) -> tuple[float, float]:
    scores = [leaks.scores(cheats, seed) for seed in SEEDS]
    return (
        float(np.mean([one.test for one in scores])),
        float(np.mean([one.untouched for one in scores])),
    )


def test_without_a_leak_nothing_is_gained(scores):
    test, untouched = scores[Cheats()]
    assert test == pytest.approx(0.5, abs=CHANCE)
    assert untouched == pytest.approx(0.5, abs=CHANCE)


@pytest.mark.parametrize(
    ("cheats", "gain"),
    [
        (Cheats(scaler=True), 0.02),
        (Cheats(shuffled=True), 0.05),
        (Cheats(ahead=True), 0.05),
        (Cheats(scaler=True, shuffled=True, ahead=True), 0.15),
    ],
)
def test_a_leak_lifts_the_test_and_not_the_untouched_days(scores, cheats, gain):
    test, untouched = scores[cheats]
    assert test > scores[Cheats()][0] + gain
    assert untouched == pytest.approx(0.5, abs=CHANCE)


def test_where_something_can_be_found_both_scores_are_high():
    # Waves of forty days, each coin at another point of its own.
    random = np.random.default_rng(0)
    phases = random.uniform(0, 2 * np.pi, (coin_tosses.COINS, 1))
    waves = 0.3 * np.sin(phases + np.arange(coin_tosses.DAYS) * 2 * np.pi / 40)
    scores = leaks.scores_of(waves + random.normal(0, 0.03, waves.shape), Cheats())
    assert scores.test > 0.8
    assert scores.untouched > 0.8


@pytest.mark.parametrize("cheats", [Cheats(), Cheats(True, True, True)])
def test_the_test_reads_nothing_of_the_untouched_days(cheats):
    prices = coin_tosses.log_prices(0)
    other = prices.copy()
    other[:, leaks.UNTOUCHED :] += np.linspace(0, 5, prices.shape[1] - leaks.UNTOUCHED)
    assert leaks.scores_of(other, cheats).test == leaks.scores_of(prices, cheats).test


def test_tosses_are_fair_and_repeatable():
    prices = coin_tosses.log_prices(7)
    moves = np.diff(prices, axis=1)
    assert (moves > 0).mean() == pytest.approx(0.5, abs=0.02)
    assert np.abs(moves).max() <= coin_tosses.MAX_MOVE + 1e-9
    np.testing.assert_array_equal(prices, coin_tosses.log_prices(7))
    assert (prices != coin_tosses.log_prices(8)).any()

"""The popular recipe: it fails at new highs and nowhere else, and the small run can be stopped."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import Cancelled, NotEnoughData
from cryptoforecast.lessons import recipe
from cryptoforecast.types import Monitor, PriceHistory
from tests import synthetic


def history(rises: bool = True) -> PriceHistory:
    """Return 520 daily candles that stay near 100, and then double if they rise."""
    random = np.random.default_rng(3)
    level = np.r_[np.zeros(400), np.linspace(0, np.log(2) if rises else -0.2, 120)]
    close = 100 * np.exp(level + np.cumsum(random.normal(0, 0.01, 520)) * 0.2)
    base = synthetic.history(520)
    candles = base.candles.assign(open=close, high=close * 1.01, low=close * 0.99, close=close)
    candles.index = pd.date_range("2024-01-01", periods=520, freq="D", tz="UTC", name="time")
    return synthetic.history(520, interval="1d", candles=candles)


@pytest.fixture(scope="module")
def small():
    """The small run where the price doubles."""
    return recipe.train_small(history())


def test_a_history_is_cut_before_its_new_highs():
    closes = history().candles["close"].to_numpy()
    cut, end = recipe.rise(closes)
    assert 380 < cut < 460
    assert end == len(closes)
    assert (closes[cut:end] > closes[:cut].max()).mean() > 0.8


def test_without_a_new_high_there_is_nothing_to_see():
    falling = history(rises=False)
    assert recipe.rise(falling.candles["close"].to_numpy()) is None
    with pytest.raises(NotEnoughData, match="rise well above"):
        recipe.train_small(falling)


def test_the_popular_recipe_stays_below_new_highs_and_returns_do_not(small):
    test = slice(small.learnt, None)
    assert small.misses["popular"] > 3 * small.misses["naive"]
    assert small.misses["returns"] < 2 * small.misses["naive"]
    high = small.actual[test] > 1.3 * small.highest
    assert high.sum() > 20
    assert (small.popular[test][high] < small.actual[test][high]).all()


def test_it_looks_right_on_the_days_that_it_learnt_from(small):
    learnt = slice(1, small.learnt)
    miss = np.abs(small.popular - small.actual)[learnt].mean()
    spread = np.abs(small.actual[learnt] - small.actual[learnt].mean()).mean()
    assert miss < spread
    assert miss < 0.2 * small.misses["popular"]


def test_misses_are_those_of_a_hand_loop(small):
    closes = history().candles["close"].to_numpy()
    days = range(small.learnt, len(small.actual))
    naive = [abs(small.actual[day] - closes[day + recipe.LOOKBACK - 1]) for day in days]
    popular = [abs(small.actual[day] - small.popular[day]) for day in days]
    assert small.misses["naive"] == pytest.approx(np.mean(naive))
    assert small.misses["popular"] == pytest.approx(np.mean(popular))
    assert small.above == sum(small.actual[day] > small.highest for day in days)
    assert small.closes_at[0] == pd.Timestamp("2024-02-01", tz="UTC")


def test_no_forecast_reads_the_price_that_it_forecasts(small):
    changed = history()
    changed.candles.iloc[-1] *= 1.01
    other = recipe.train_small(changed)
    np.testing.assert_array_equal(other.popular, small.popular)
    np.testing.assert_array_equal(other.returns, small.returns)


def test_a_small_run_reports_and_can_be_stopped():
    shares: list[float] = []
    monitor = Monitor(lambda progress: shares.append(progress.done), lambda: len(shares) > 3)
    with pytest.raises(Cancelled):
        recipe.train_small(history(), monitor)
    assert len(shares) == 4
    assert shares == sorted(shares)


def test_the_result_that_comes_with_the_project_says_what_its_lines_show(tmp_path):
    result = recipe.precomputed()
    assert result.simulated
    test = slice(result.learnt, None)
    gap = np.abs(result.actual - result.popular)[test].mean()
    assert result.misses["popular"] == pytest.approx(gap, rel=1e-3)
    naive = np.abs(np.diff(result.actual)[result.learnt - 1 :]).mean()
    assert result.misses["naive"] == pytest.approx(naive, rel=1e-3)
    assert result.misses["popular"] > 2 * result.misses["naive"]
    assert result.misses["returns"] < 1.1 * result.misses["naive"]
    assert result.above > 0.8 * result.tested
    copy = tmp_path / "copy.json"
    copy.write_text(recipe.to_json(result))
    assert json.loads(copy.read_text()) == json.loads(recipe.PRECOMPUTED.read_text())

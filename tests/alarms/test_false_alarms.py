"""How often alarms come without a cause, on the simulated market; the long form is a benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.alarms import drift, occasions
from cryptoforecast.evaluation import anomalies
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.types import candles_a_month
from cryptoforecast.types.alarms import CANDLE, AlarmRule, SetRule
from cryptoforecast.types.anomalies import poisson_share

END = pd.Timestamp("2026-01-01", tz="UTC")


def test_rare_moves_come_about_as_often_as_the_message_says(monkeypatch):
    monkeypatch.setattr(occasions, "MAX_MOVES", 10_000)
    rarity, count, looked = 200, 0, 0
    for seed in (1, 2):
        history = simulate("BTC", "1h", END - pd.Timedelta(days=250), END, seed=seed)
        surprises = anomalies.surprises(history)
        raised = anomalies.find(surprises, candles_a_month("1h") / rarity)
        one = SetRule(1, history.start, AlarmRule(CANDLE, "BTC", "1h", value=rarity))
        count += len(occasions.rare_moves(one, raised, history.start))
        looked += len(surprises)
    expected = looked / rarity
    assert expected > 40
    assert poisson_share(count, 0.85 * expected) > 0.01
    assert poisson_share(count, 1.15 * expected) < 0.99


def looks(shares: dict[int, float], forecasts: int, quarters: int) -> float:
    """Return the share of quarters with an alarm, looked at after every forecast."""
    generator, alarms = np.random.default_rng(7), 0
    for _ in range(quarters):
        places = generator.random(forecasts)
        hits = {level: np.cumsum(places < share) for level, share in shares.items()}
        alarms += any(
            drift.mean_evidence({level: int(each[n]) for level, each in hits.items()}, n + 1)
            >= drift.CLAIM
            for n in range(forecasts)
        )
    return alarms / quarters


def test_kept_ranges_rarely_raise_an_alarm_and_broken_ones_do():
    assert looks({50: 0.5, 80: 0.8, 95: 0.95}, 90, 150) <= 0.06  # at most 1 in 40, and chance
    assert looks({50: 0.3, 80: 0.55, 95: 0.75}, 90, 20) > 0.9
    assert looks({50: 0.8, 80: 0.95, 95: 1.0}, 90, 20) > 0.9


def test_the_evidence_is_the_likelihood_over_that_of_the_promise():
    """Against an integral over all probabilities, on a fine grid."""
    shares = (np.arange(1_000_000) + 0.5) / 1_000_000
    prior = 1 / (np.pi * np.sqrt(shares * (1 - shares)))
    for hits, count, level in ((7, 10, 80), (10, 10, 50), (3, 20, 95)):
        likelihood = shares**hits * (1 - shares) ** (count - hits)
        promise = (level / 100) ** hits * (1 - level / 100) ** (count - hits)
        expected = float((prior * likelihood).mean() / promise)
        assert drift.evidence(hits, count, level) == pytest.approx(expected, rel=0.01)
    assert drift.evidence(0, 10_000, 95) > 1e300  # no number is too large
    assert drift.quarter(pd.Timestamp("2026-12-31 23:59", tz="UTC")) == pd.Timestamp(
        "2026-10-01", tz="UTC"
    )

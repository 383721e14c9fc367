"""A coin that is redenominated: nothing is learnt or judged across the change of its unit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.forecasting import next_steps
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples, specs, training
from cryptoforecast.types import PriceHistory, WalkPlan
from tests import synthetic

SPEC = synthetic.spec(horizon=3)
ROWS = 700


def redenominated(row: int, ratio: float) -> PriceHistory:
    """A random walk, its prices from ``row`` on in another unit."""
    history = synthetic.history(ROWS)
    candles = history.candles.copy()
    candles.iloc[row:, :4] *= ratio
    candles.iloc[row:, 4] /= ratio
    return dataclasses.replace(history, candles=candles)


@pytest.mark.parametrize("row", [300, 500, 620])
def test_no_sample_reaches_across_the_change(row: int) -> None:
    """In the training, the validation and the test span."""
    history = redenominated(row, 1000)
    spec = synthetic.spec(horizon=3, test=0.2)
    cut = samples.split(history, spec)
    assert cut.gaps == (row,)
    needs = specs.needs(spec)
    for stretches in (cut.train_origins(needs), cut.validation_origins(needs)):
        for origin in (origin for stretch in stretches for origin in stretch):
            reads = range(origin - needs + 1, origin + spec.horizon + 1)
            assert not (reads.start < row <= reads[-1])
    raw = samples.raw_samples(history, spec)
    plain = samples.raw_samples(synthetic.history(ROWS), spec)
    np.testing.assert_allclose(raw.inputs, plain.inputs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(raw.targets, plain.targets, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row", [300, 620])
@pytest.mark.parametrize("ratio", [0.001, 7.3, 1e5])
def test_the_ratio_changes_no_forecast_and_no_score(row: int, ratio: float) -> None:
    model = synthetic.model(SPEC)
    results = [backtest.holdout(redenominated(row, each), SPEC, model) for each in (1000.0, ratio)]
    for name in (*BASELINES, "dense"):
        first, second = (result.forecasts[name] for result in results)
        np.testing.assert_allclose(first.quantiles, second.quantiles, rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(
            first.predicted / first.close[:, None],
            second.predicted / second.close[:, None],
            rtol=1e-7,
        )
        for one, other in zip(*(result.scores[name] for result in results), strict=True):
            for metric in ("mape", "mase", "pinball", "coverage_80", "directional_accuracy"):
                value = getattr(other, metric)
                assert getattr(one, metric) == pytest.approx(value, rel=1e-6, nan_ok=True)
    assert results[0].verdict.skill == pytest.approx(results[1].verdict.skill, rel=1e-6)


def test_no_outcome_across_the_change_is_judged() -> None:
    result = backtest.holdout(redenominated(620, 1000), SPEC, synthetic.model(SPEC))
    assert result.split.test_origins() == range(560, 697)
    for forecast in result.forecasts.values():
        unknown = np.isnan(forecast.actual)
        # Step k from row t is row t + k; rows from 620 on are in another unit.
        expected = [[t < 620 <= t + k for k in (1, 2, 3)] for t in range(560, 697)]
        np.testing.assert_array_equal(unknown, expected)
        assert len(forecast.at(3)) == 134
    assert result.notes == (
        "The unit of the coin changed at 2024-01-26 20:00 UTC. Prices before are shown in the new "
        "unit, and nothing was learnt across the change. No forecast is tested across the change.",
    )


def test_origins_on_either_side_are_judged_as_without_the_change() -> None:
    model = synthetic.model(SPEC)
    changed = backtest.holdout(redenominated(620, 1000), SPEC, model)
    plain = backtest.holdout(synthetic.history(ROWS), SPEC, model)
    for name, forecast in changed.forecasts.items():
        other = plain.forecasts[name]
        np.testing.assert_allclose(forecast.quantiles, other.quantiles, rtol=1e-5, atol=1e-9)
        has_outcome = np.isfinite(forecast.actual)
        np.testing.assert_allclose(
            forecast.actual_returns[has_outcome],
            other.actual_returns[has_outcome],
            rtol=1e-7,
            atol=1e-12,
        )


def test_all_prices_are_in_the_newest_unit_under_the_name_of_the_given_ones() -> None:
    history = redenominated(620, 1000)
    result = backtest.holdout(history, SPEC, synthetic.model(SPEC))
    close = result.history.candles["close"]
    assert close.iloc[-1] == history.candles["close"].iloc[-1]
    assert close.pct_change().abs().max() < 0.1
    assert result.history.fingerprint == history.fingerprint
    assert samples.in_one_unit(result.history) is result.history
    plain = synthetic.history(ROWS)
    assert samples.in_one_unit(plain) is plain


def test_the_next_steps_are_those_without_the_change_and_say_so() -> None:
    model = synthetic.model(SPEC)
    changed = next_steps.of_model(redenominated(690, 1000), model)
    plain = next_steps.of_model(synthetic.history(ROWS), model)
    np.testing.assert_allclose(
        changed.forecast.predicted, plain.forecast.predicted * 1000, rtol=1e-6
    )
    assert changed.warnings[0].startswith("The unit of the coin changed at 2024-01-29 18:00 UTC.")
    for name in BASELINES:
        later = next_steps.of_baseline(redenominated(690, 1000), name, 3)
        before = next_steps.of_baseline(synthetic.history(ROWS), name, 3)
        np.testing.assert_allclose(
            later.forecast.predicted, before.forecast.predicted * 1000, rtol=1e-6
        )


def test_a_walk_forward_test_has_its_gap_in_every_fold() -> None:
    spec = specs.make(network="har", horizon=3)
    tested = walk_forward.run(redenominated(620, 1000), spec, WalkPlan(folds=2))
    assert all(620 in fold.split.gaps for fold in tested.folds)
    assert np.isnan(tested.backtest.forecast.actual).sum() == 6


def test_a_history_that_is_too_short_says_what_cuts_it() -> None:
    spec = synthetic.spec(lookback=230)
    with pytest.raises(NotEnoughData, match=r"\(cut by 1 change of the coin's unit\)"):
        samples.split(redenominated(300, 1000), spec)


def test_what_is_cut_by_a_change_of_unit_can_be_repaired() -> None:
    spec = synthetic.spec(lookback=230, horizon=1)
    with pytest.raises(NotEnoughData, match=(
        r"a smaller lookback, or a repair of the file's change of unit \(Repairs on the Data "
        r"page; --repair level_shift_rescale or level_shift_cut on"
    )):  # fmt: skip
        samples.split(redenominated(300, 1000), spec)


def test_a_candle_of_two_units_is_left_out() -> None:
    history = redenominated(300, 1000)
    candles = history.candles
    candles.iloc[300, [0, 2]] = candles["close"].iloc[299]
    whole = samples.in_one_unit(history)
    assert len(whole) == ROWS - 1
    assert pd.Timestamp(candles.index[300]) not in whole.candles.index
    assert samples.gaps(whole) == (300,)
    assert training.check(history, SPEC).rows == ROWS - 1

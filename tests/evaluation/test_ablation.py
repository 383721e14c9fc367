"""A planted signal is found, an empty one is not, and the luck of one seed is no proof."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import ablation, parts
from cryptoforecast.learning import training
from cryptoforecast.signals.joining import with_signals
from cryptoforecast.signals.series import from_series
from cryptoforecast.signals.simulation import hint
from cryptoforecast.types import Forecast, ModelSpec, Monitor, PriceHistory, Progress, TrainedModel
from tests import synthetic

INPUT = "signal:mood"
SPEC = synthetic.spec(
    features=("abs_return", INPUT), units=(8,), epochs=20, learning_rate=1e-2, batch_size=64,
    dropout=0.0, lookback=4,
)  # fmt: skip


def market(strength: float) -> PriceHistory:
    history = synthetic.history(1500)
    values = hint(history, strength)
    options = {"lag": pd.Timedelta(0), "max_age": pd.Timedelta(hours=12)}
    return with_signals(history, [from_series("mood", values, "a test", **options)])


@functools.cache
def without(spec: ModelSpec) -> TrainedModel:
    """A network that reads no signal: the prices of both markets are the same."""
    return training.train(market(0.0), spec)


def test_a_planted_signal_is_found_and_an_empty_one_is_not() -> None:
    results, reports = {}, []
    for strength in (1.0, 0.0):
        history = market(strength)

        def fit(spec: ModelSpec, monitor: Monitor, prices: PriceHistory = history) -> TrainedModel:
            reads = INPUT in spec.features
            return training.train(prices, spec, monitor) if reads else without(spec)

        monitor = Monitor(reports.append)
        results[strength] = ablation.run(history, SPEC, [INPUT], parts.in_turn(fit), 2, monitor)
    planted, empty = results[1.0], results[0.0]
    assert planted.band.outcome == "better"
    assert planted.band.skill > 0.04
    assert planted.sentence.startswith("Signal mood helps: with it, the error of the price is ")
    assert (empty.point.outcome, empty.band.outcome) == ("tie", "tie")
    assert empty.sentence.startswith(
        "Signal mood makes no difference that could be told from chance: with it, the error of "
    )
    assert empty.sentence.endswith(" over 299 hours and 2 trainings each way.")
    assert (planted.seeds, planted.others, planted.origins) == ((0, 1), ("abs_return",), 299)
    assert planted.band.without == empty.band.without
    assert {report.fold for report in reports} == {1, 3}
    assert max(report.done for report in reports if isinstance(report, Progress)) == 0.75


def forecasts(noise: float, shifts: tuple[float, ...]) -> list[Forecast]:
    """Forecasts of the same prices, each seed off by a share of its own."""
    history = synthetic.history(600)
    rows = range(200, 599)
    close = history.candles["close"].to_numpy()
    rng, result = np.random.default_rng(3), []
    for shift in shifts:
        off = rng.normal(0, noise, len(rows))
        quantiles = np.linspace(-0.02, 0.02, 9) * (1 + shift) + off[:, None]
        result.append(
            Forecast(
                predictor="dense",
                interval="1h",
                origins=history.candles.index[rows.start : rows.stop],
                close=close[rows.start : rows.stop],
                predicted=(close[rows.start : rows.stop] * np.exp(off))[:, None],
                quantiles=quantiles[:, None],
                actual=close[rows.start + 1 : rows.stop + 1][:, None],
                candles=history.candles.index,
            )
        )
    return result


def compared(shifts: tuple[float, ...]) -> ablation.Ablation:
    reduced = forecasts(0.0, tuple(0.6 for _ in shifts))
    return ablation.compare(synthetic.history(600), SPEC, [INPUT], forecasts(0.0, shifts), reduced)


def test_a_difference_must_be_more_than_the_luck_of_seeds() -> None:
    """About the same mean difference, of all seeds or of two in three."""
    alike, mixed = compared((0.45, 0.45, 0.45)), compared((0.6, 0.0, 0.0))
    assert alike.band.outcome == "better"
    assert alike.band.skill == pytest.approx(mixed.band.skill, rel=0.3)
    assert mixed.band.outcome == "tie"
    assert alike.point.outcome == "tie"  # the points are the same
    assert compared((1.2, 1.2, 1.2)).sentence.startswith("Signal mood harms: ")


def test_few_origins_claim_nothing() -> None:
    short = [dataclasses.replace(each, origins=each.origins[:20], close=each.close[:20],
        predicted=each.predicted[:20], quantiles=each.quantiles[:20], actual=each.actual[:20])
        for each in forecasts(0.01, (0.1, 0.2))]  # fmt: skip
    result = ablation.compare(synthetic.history(600), SPEC, [INPUT], short, short)
    assert result.band.outcome == "unknown"
    assert result.sentence == "Too few forecasts to tell whether signal mood helps: 20 were tested."


@pytest.mark.parametrize(
    ("inputs", "seeds", "message"),
    [
        (["volume"], 3, r"some of the model's inputs, and not all\. Received: volume, of abs_ret"),
        ([], 3, "Received: none"),
        (["abs_return", INPUT], 3, "not all"),
        ([INPUT], 1, r"`seeds` must be 2 to 10\. Received: 1"),
        ([INPUT], 11, "`seeds` must be 2 to 10"),
    ],
)
def test_what_can_not_be_compared_is_refused(inputs: list[str], seeds: int, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ablation.check(SPEC, inputs, seeds)


def test_a_signal_harms_only_if_its_values_are_worse_than_those_of_other_times() -> None:
    """More weights cost a little with any values; that is no harm of these ones."""
    whole, reduced = (forecasts(0.0, (shift,) * 3) for shift in (1.2, 0.6))
    alike = [one for one in whole for _ in range(2)]  # two of each seed
    better = [one for one in reduced for _ in range(2)]
    history = synthetic.history(600)
    harms = ablation.compare(history, SPEC, [INPUT], whole, reduced)
    assert (harms.harms, harms.band.outcome) == (True, "worse")
    cleared = ablation.compare(history, SPEC, [INPUT], whole, reduced, alike)
    assert (cleared.harms, cleared.band.outcome) == (False, "tie")
    assert (cleared.band.skill, cleared.band.low) == (harms.band.skill, harms.band.low)
    assert "makes no difference that could be told from chance" in cleared.sentence
    misled = ablation.compare(history, SPEC, [INPUT], whole, reduced, better)
    assert (misled.harms, misled.band.outcome) == (True, "worse")


def test_the_values_of_other_times_are_those_of_the_test_span() -> None:
    history = market(1.0)
    shifted = ablation.at_other_times(history, [INPUT], 1200, 0.5)
    before, after = (each.candles[INPUT].to_numpy() for each in (history, shifted))
    np.testing.assert_array_equal(after[:1200], before[:1200])
    np.testing.assert_array_equal(after[1200:1350], before[1350:])
    np.testing.assert_array_equal(after[1350:], before[1200:1350])
    assert shifted.candles.drop(columns=INPUT).equals(history.candles.drop(columns=INPUT))

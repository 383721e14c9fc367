"""What a trial is worth: a pure function of prices before the test span, settings and seed.

The test rows are cut off before anything else is done, so nothing here can read them. Of the
validation rows, the earlier half chooses the epoch and gives the band its width. The later half is
forecast, as the test span of a backtest is: no epoch and no band was fitted to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation import backtest, losses
from cryptoforecast.forecasting import network
from cryptoforecast.learning import networks, samples, specs
from cryptoforecast.types import (
    QUANTILES,
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Split,
    Stretches,
    TrainedModel,
)

#: Trains a network on a split of its own.
Fit = Callable[[PriceHistory, ModelSpec, Split, Monitor], TrainedModel]


@dataclass(frozen=True)
class Evaluation:
    """What a training was worth.

    Attributes:
        loss: Mean loss of the held-out validation rows, in the unit of the metric.
        epochs: Epochs that were run.
        seconds: Seconds of the training.
    """

    loss: float
    epochs: int
    seconds: float


def past(history: PriceHistory, spec: ModelSpec) -> PriceHistory:
    """Return the candles before the test span, in the newest unit that they have themselves.

    Args:
        history: ``n`` candles.
        spec: ``test`` is the share of the test span.
    """
    index = samples.in_one_unit(history).candles.index
    begin = index[samples.first_of_test(len(index), spec.test)]
    candles = history.candles[history.candles.index < begin]
    return samples.in_one_unit(dataclasses.replace(history, candles=candles))


def split(before: PriceHistory, spec: ModelSpec) -> Split:
    """Split the candles before the test span into training, stopping and held-out rows.

    Args:
        before: Candles without a test span; see ``past``.
        spec: Shares of the spans, and what a forecast reads.

    Raises:
        NotEnoughData: If one of them would be too short.
    """
    rows = len(before)
    validation = spec.validation / (1 - spec.test)
    train_end = samples.first_of_test(rows, validation)
    middle = train_end + (rows - train_end) // 2
    result = Split(rows, train_end, middle, spec.horizon, samples.gaps(before))
    needed = specs.needs(spec)
    counts = {
        "training": _count(result.train_origins(needed)),
        "validation": _count(result.validation_origins(needed)),
        "test": len(result.test_origins()),
    }
    for name, count in counts.items():
        if count < samples.MIN_ORIGINS[name]:
            raise NotEnoughData(
                f"A search needs at least {samples.MIN_ORIGINS['training']} training origins, and "
                f"{samples.MIN_ORIGINS['test']} in each half of the validation span. Received: "
                f"{', '.join(map(str, counts.values()))}. Choose a longer history, a larger "
                "validation share, or a smaller lookback."
            )
    return result


def evaluate(
    before: PriceHistory,
    spec: ModelSpec,
    metric: str,
    fit: Fit,
    monitor: Monitor = UNWATCHED,
) -> Evaluation:
    """Train a network, and measure its loss on the held-out validation rows.

    Args:
        before: Candles without a test span; see ``past``.
        spec: The network and how it is trained.
        metric: ``"pinball"`` or ``"mae"``, at the last step.
        fit: Trains the network.
        monitor: Follows the progress, and may stop the work.

    Raises:
        InvalidInput: If the settings or the prices are outside the rules.
        NotEnoughData: If a span of the split would be too short.
        Cancelled: If the monitor stopped the work.
    """
    cut = split(before, spec)
    model = fit(before, spec, cut, monitor)
    predictor = network.for_test(model, cut)
    forecast = backtest.forecasts(before, [predictor], cut)[predictor.name]
    loss = float(np.mean(losses.of_metric(forecast, metric, spec.horizon)))
    return Evaluation(loss, model.record.epochs, model.record.seconds)


def constant_loss(before: PriceHistory, spec: ModelSpec) -> float | None:
    """Compute the validation loss of a training that predicts constant quantiles.

    Losses of epochs are in units of the scaled target, which differ from one trial to the next.
    As shares of this one they can be compared.

    Returns:
        The loss on the stopping rows, in units of the scaled target; ``None`` where losses of
        epochs are of another kind, squared errors or those of prices.
    """
    if spec.loss != "quantile" or spec.target != "return":
        return None
    cut, needed = split(before, spec), specs.needs(spec)
    targets = samples.raw_targets(before, spec)
    train, stopping = (
        np.concatenate([targets[rows.start : rows.stop] for rows in stretches])
        for stretches in (cut.train_origins(needed), cut.validation_origins(needed))
    )
    constant = np.quantile(train, QUANTILES, axis=0)
    by_step = [
        losses.pinball(stopping[:, step], constant[None, :, step]).mean()
        for step in range(spec.horizon)
    ]
    return float(np.mean(networks.step_weights(spec.horizon) * by_step / train.std(axis=0)))


def _count(stretches: Stretches) -> int:
    return sum(map(len, stretches))

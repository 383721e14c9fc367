"""A global model on a coin that it has not learnt from, one coin after the other left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import global_training, samples
from cryptoforecast.types import (
    UNWATCHED,
    Backtest,
    ModelCard,
    ModelSpec,
    Monitor,
    PriceHistory,
    TrainedModel,
    duration,
)

#: The baselines that a model is compared with.
BASELINES = ("naive", "cone", "har")
#: Figures that prices of one coin do not share with another's.
IN_QUOTE = ("mae", "rmse")


def ends_before(history: PriceHistory, spec: ModelSpec) -> pd.Timestamp:
    """Return the start of the month in which the test span of a coin begins, UTC.

    The test span is the last ``spec.test`` share of the coin's candles.

    Raises:
        NotEnoughData: If a span of the split would be too short.
    """
    begins = history.candles.index[samples.split(history, spec).test_start]
    return pd.Timestamp(begins.year, begins.month, 1, tz="UTC")


def trained_without(
    history: PriceHistory,
    others: Sequence[PriceHistory],
    spec: ModelSpec,
    monitor: Monitor = UNWATCHED,
) -> TrainedModel:
    """Train on other coins, on candles before the month in which this coin's test begins.

    Args:
        history: The coin that is left out.
        others: All coins; this one among them is not read.
        spec: The network and how it is trained.
        monitor: Follows the progress, and may stop the work.

    Raises:
        InvalidInput: See ``global_training.train``.
        NotEnoughData: If the other coins have too few candles before.
        Cancelled: If the monitor stopped the work.
    """
    rest = [other for other in others if other.coin != history.coin]
    return global_training.train(rest, spec, ends_before(history, spec), monitor)


def test(history: PriceHistory, model: TrainedModel) -> Backtest:
    """Test a model on the last share of a coin that it has not learnt from.

    Raises:
        NotEnoughData: If a span of the split would be too short.
    """
    return backtest.saved(history, model, baselines=BASELINES)


def card_with_scores(
    card: ModelCard,
    coins: Sequence[Mapping[str, Mapping[str, float]]],
    network: str,
    horizon: int,
    which: str = "that it had not learnt from, one after the other left out",
) -> ModelCard:
    """Write the mean over several coins onto the card of a global model.

    Args:
        card: The card of the model that has learnt from all coins.
        coins: For each coin the scores of the last step, by forecaster.
        network: Kind of the network, a forecaster among them.
        horizon: Steps that it predicts.
        which: Which coins these are, in words.
    """
    means = {name: pd.DataFrame([coin[name] for coin in coins]).mean() for name in coins[0]}
    scores = {
        name: {
            key: None if key in IN_QUOTE or pd.isna(value) else float(value)
            for key, value in figures.items()
        }
        for name, figures in means.items()
    }
    own, cone = means[network], means["cone"]
    gain = 1 - own["pinball"] / cone["pinball"]
    verdict = (
        f"On {len(coins)} coins {which}, "
        f"{duration(horizon, card.interval)} ahead: its band's error is {abs(gain) * 100:.1f} % "
        f"{'smaller' if gain > 0 else 'larger'} than that of the volatility cone, and its 80 % "
        f"band covers {own['coverage_80'] * 100:.1f} %."
    )
    return dataclasses.replace(card, scores=scores, verdict=verdict)
